using System.Diagnostics;

namespace Attune.Cli.Tests;

/// <summary>The real program, as a process of its own.</summary>
static class Commands
{
    static readonly string Program = Path.Combine(AppContext.BaseDirectory, "attune.dll");

    public static Process Start(params string[] words)
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = AppContext.BaseDirectory };
        foreach (var word in words.Prepend(Program))
            start.ArgumentList.Add(word);
        return Process.Start(start)!;
    }

    /// <summary>Runs to the end.</summary>
    public static (int Code, string Output, string Error) Run(params string[] words)
    {
        using var process = Start(words);
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
