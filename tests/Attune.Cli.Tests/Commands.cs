using System.Diagnostics;
using System.Reflection;
using Attune.Cli.Display;

namespace Attune.Cli.Tests;

/// <summary>Runs the program: in this process, which is faster, or as a child process.</summary>
static class Commands
{
    static readonly MethodInfo Main = typeof(Displays).Assembly.EntryPoint!;
    static readonly string Program = Main.Module.FullyQualifiedName;
    static readonly Lock OneAtATime = new();

    /// <summary>Selects the plain display, even if the tests run on a terminal.</summary>
    static Commands() => Environment.SetEnvironmentVariable("NO_COLOR", "1");

    /// <summary>Runs a command in this process; one at a time, because the console is shared.</summary>
    public static (int Code, string Output, string Error) Run(params string[] words)
    {
        lock (OneAtATime)
        {
            var (output, error) = (Console.Out, Console.Error);
            using var standardOutput = new StringWriter();
            using var standardError = new StringWriter();
            Console.SetOut(standardOutput);
            Console.SetError(standardError);
            try
            {
                var code = (int)Main.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [words], null)!;
                return (code, standardOutput.ToString(), standardError.ToString());
            }
            finally
            {
                Console.SetOut(output);
                Console.SetError(error);
            }
        }
    }

    /// <summary>The output of a command that succeeds.</summary>
    public static string Succeed(params string[] words)
    {
        var (code, output, error) = Run(words);
        Assert.True(code == 0, error);
        return output;
    }

    /// <summary>Runs a command that must fail with exit code 2 and one message.</summary>
    public static void Fail(string expected, params string[] words)
    {
        var (code, _, error) = Run(words);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.Equal(2, code);
    }

    /// <summary>Runs a command in this process, as if the launcher had been called by a name.</summary>
    public static (int Code, string Output, string Error) RunAs(string name, params string[] words)
    {
        lock (OneAtATime)
        {
            Environment.SetEnvironmentVariable(ProgramName.Variable, name);
            try
            {
                return Run(words);
            }
            finally
            {
                Environment.SetEnvironmentVariable(ProgramName.Variable, null);
            }
        }
    }

    /// <summary>Runs a command in this process, with environment variables.</summary>
    public static (int Code, string Output, string Error) RunWith(IReadOnlyDictionary<string, string> variables, params string[] words)
    {
        lock (OneAtATime)
        {
            foreach (var (name, value) in variables)
                Environment.SetEnvironmentVariable(name, value);
            try
            {
                return Run(words);
            }
            finally
            {
                foreach (var name in variables.Keys)
                    Environment.SetEnvironmentVariable(name, null);
            }
        }
    }

    /// <summary>Runs a command in this process, in a folder.</summary>
    public static (int Code, string Output, string Error) RunIn(string folder, params string[] words)
    {
        lock (OneAtATime)
        {
            var before = Environment.CurrentDirectory;
            Environment.CurrentDirectory = folder;
            try
            {
                return Run(words);
            }
            finally
            {
                Environment.CurrentDirectory = before;
            }
        }
    }

    /// <summary>Runs a command as a child process.</summary>
    public static (int Code, string Output, string Error) RunProcess(params string[] words)
    {
        using var process = Start(words);
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    /// <summary>Starts a command that obeys SIGINT, also when a script runs these tests in the background with SIGINT ignored.</summary>
    public static Process Start(params string[] words)
    {
        var start = new ProcessStartInfo("env")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        foreach (var word in (string[])["--default-signal=INT", "dotnet", Program, .. words])
            start.ArgumentList.Add(word);
        return Process.Start(start)!;
    }
}
