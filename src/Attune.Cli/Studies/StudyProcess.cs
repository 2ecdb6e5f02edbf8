using System.Diagnostics;
using Attune.Reporting.Runs;
using Attune.Reporting.Studies;

namespace Attune.Cli.Studies;

/// <summary>A run of a study in a process of this program. What the process says is added to the run's log.</summary>
sealed class StudyProcess : IDisposable
{
    readonly Process process;
    readonly StreamWriter log;
    readonly List<string> errors = [];
    bool isStopping;
    int exitCode;

    /// <param name="run">The run.</param>
    /// <param name="words">The command that reads the study.</param>
    public StudyProcess(StudyRun run, IReadOnlyList<string> words)
    {
        Run = run;
        Directory.CreateDirectory(run.Folder.Path);
        log = new(run.Log, append: true) { AutoFlush = true };
        process = new() { StartInfo = Command([.. words, "--run", run.Name]) };
        process.OutputDataReceived += (_, line) => Write(line.Data);
        process.ErrorDataReceived += (_, line) => Write(line.Data, errors);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public StudyRun Run { get; }

    public bool HasEnded => process.HasExited;

    /// <summary>Steps that the run has done.</summary>
    public int Steps => StepsOf(Run);

    /// <summary>Why the process has ended without a result: what it said last, or its exit code. Known when disposed of.</summary>
    public string Reason
    {
        get
        {
            lock (errors)
                return errors.Count > 0
                    ? string.Join('\n', errors).Replace("attune: ", "", StringComparison.Ordinal)
                    : $"it ended with exit code {exitCode}";
        }
    }

    /// <summary>Steps that a run has logged.</summary>
    public static int StepsOf(StudyRun run) => RunRecord.Read(run.Folder).Steps;

    /// <summary>Lets the run stop at its next step, with a checkpoint.</summary>
    public void Stop()
    {
        if (isStopping)
            return;
        isStopping = true;
        process.StandardInput.Close();
    }

    public void Dispose()
    {
        process.WaitForExit();                                   // until both outputs are read to their end
        exitCode = process.ExitCode;
        process.Dispose();
        log.Dispose();
    }

    static ProcessStartInfo Command(IEnumerable<string> words)
    {
        var program = Environment.ProcessPath!;
        var start = new ProcessStartInfo(program)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "attune.dll"));
        foreach (var word in words)
            start.ArgumentList.Add(word);
        return start;
    }

    void Write(string? line, List<string>? kept = null)
    {
        if (line is null)
            return;
        lock (errors)
        {
            log.WriteLine(line);
            kept?.Add(line);
        }
    }
}
