using System.Diagnostics;
using Attune.Reporting.Runs;
using Attune.Reporting.Studies;

namespace Attune.Cli.Studies;

/// <summary>A run of a study in a child process. Its output is appended to the run's log.</summary>
sealed class StudyProcess : IDisposable
{
    readonly Process process;
    readonly StreamWriter log;
    readonly List<string> errors = [];
    bool isStopping;
    int exitCode;

    /// <param name="run">The run.</param>
    /// <param name="command">The arguments of the command that reads the study.</param>
    public StudyProcess(StudyRun run, IReadOnlyList<string> command)
    {
        Run = run;
        Directory.CreateDirectory(run.Folder.Path);
        log = new(run.Log, append: true) { AutoFlush = true };
        process = new() { StartInfo = StartInfo([.. command, "--run", run.Name]) };
        process.OutputDataReceived += (_, line) => Write(line.Data);
        process.ErrorDataReceived += (_, line) => Write(line.Data, errors);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public StudyRun Run { get; }

    public bool HasEnded => process.HasExited;

    /// <summary>Steps that the run has logged.</summary>
    public int Steps => StepsOf(Run);

    /// <summary>
    /// Why the process ended without a result: the last message of its error output, or its exit code. Complete after
    /// <see cref="Dispose"/>.
    /// </summary>
    public string Reason
    {
        get
        {
            lock (errors)
                return errors.Count > 0
                    ? string.Join('\n', errors.Skip(LastMessage)).Replace("attune: ", "", StringComparison.Ordinal)
                    : $"the process ended with exit code {exitCode}";
        }
    }

    int LastMessage => Math.Max(0, errors.FindLastIndex(line => line.StartsWith("attune: ", StringComparison.Ordinal)));

    /// <summary>Steps that a run has logged.</summary>
    public static int StepsOf(StudyRun run) => RunRecord.Read(run.Folder).Steps;

    /// <summary>Stops the run at its next step, with a checkpoint.</summary>
    public void Stop()
    {
        if (isStopping)
            return;
        isStopping = true;
        process.StandardInput.Close();
    }

    public void Dispose()
    {
        process.WaitForExit();                                   // also waits until both outputs are read
        exitCode = process.ExitCode;
        process.Dispose();
        log.Dispose();
    }

    static ProcessStartInfo StartInfo(IEnumerable<string> arguments)
    {
        var start = OwnProgram.StartInfo(arguments);
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
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
