using System.Diagnostics;
using System.Reflection;
using Attune.Cli.Display;

namespace Attune.Cli.Tests;

/// <summary>The real program: in this process, where a start would cost more than the command, or as a process of its own.</summary>
static class Commands
{
    static readonly MethodInfo Main = typeof(Displays).Assembly.EntryPoint!;
    static readonly string Program = Main.Module.FullyQualifiedName;
    static readonly Lock OneAtATime = new();

    /// <summary>A run is shown in plain lines, whoever watches the tests.</summary>
    static Commands() => Environment.SetEnvironmentVariable("NO_COLOR", "1");

    /// <summary>Runs to the end in this process, one command at a time: what is written to the console is the process's.</summary>
    public static (int Code, string Output, string Error) Run(params string[] words)
    {
        lock (OneAtATime)
        {
            var (output, error) = (Console.Out, Console.Error);
            using var said = new StringWriter();
            using var complained = new StringWriter();
            Console.SetOut(said);
            Console.SetError(complained);
            try
            {
                var code = (int)Main.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [words], null)!;
                return (code, said.ToString(), complained.ToString());
            }
            finally
            {
                Console.SetOut(output);
                Console.SetError(error);
            }
        }
    }

    /// <summary>Runs to the end as a process.</summary>
    public static (int Code, string Output, string Error) RunApart(params string[] words)
    {
        using var process = Start(words);
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    public static Process Start(params string[] words)
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = AppContext.BaseDirectory };
        foreach (var word in words.Prepend(Program))
            start.ArgumentList.Add(word);
        return Process.Start(start)!;
    }
}
