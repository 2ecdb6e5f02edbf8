using System.Diagnostics;
using System.Globalization;
using Attune.Torch.Distributed;

namespace Attune.Cli.Launch;

/// <summary>The process of a rank. Rank 0 writes to this program's output; of the others only errors are shown, with their rank.</summary>
sealed class RankProcess : IDisposable
{
    const int KilledBy = 128;

    readonly Process process;
    string? lastError;

    public RankProcess(LaunchOptions options, int localRank, IReadOnlyList<string> command)
    {
        Rank = options.Machine * options.Processes + localRank;
        process = new() { StartInfo = StartInfo(options, localRank, command) };
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, line) => WriteError(line.Data);
        process.Start();
        process.BeginErrorReadLine();
        if (process.StartInfo.RedirectStandardOutput)
            process.BeginOutputReadLine();
    }

    public int Rank { get; }

    public bool HasEnded => process.HasExited;

    public int ExitCode => process.ExitCode;

    public DateTime EndTime => process.ExitTime;

    /// <summary>What is known about why the process failed.</summary>
    public string Reason => ExitCode switch
    {
        KilledBy + Launcher.Kill => "was ended by signal 9. The system does that when memory is short.",
        > KilledBy => $"was ended by signal {ExitCode - KilledBy}.",
        CommandLine.OtherRankFailed => $"ended because of another rank{LastError}",
        _ => $"failed with exit code {ExitCode}{LastError}",
    };

    string LastError => lastError is null ? "." : $": {lastError}";

    public void Signal(int signal)
    {
        if (!HasEnded)
            Posix.Kill(process.Id, signal);
    }

    /// <summary>Waits until the process has ended and its errors are read.</summary>
    public void Wait() => process.WaitForExit();

    public void Dispose()
    {
        Wait();
        process.Dispose();
    }

    ProcessStartInfo StartInfo(LaunchOptions options, int localRank, IReadOnlyList<string> command)
    {
        var start = OwnProgram.StartInfo(command);
        start.RedirectStandardOutput = Rank != 0;
        start.RedirectStandardError = true;
        foreach (var (name, value) in (ReadOnlySpan<(string, object)>)
        [
            ("RANK", Rank), ("WORLD_SIZE", options.Machines * options.Processes), ("LOCAL_RANK", localRank),
            ("LOCAL_WORLD_SIZE", options.Processes), ("MASTER_ADDR", options.MasterAddress), ("MASTER_PORT", options.MasterPort),
            (RankEnvironment.TimeoutVariable, options.RankTimeout), (RankJob.LauncherName, Environment.ProcessId),
        ])
            start.Environment[name] = Convert.ToString(value, CultureInfo.InvariantCulture);
        start.Environment.Remove("TORCHELASTIC_USE_AGENT_STORE");
        return start;
    }

    void WriteError(string? line)
    {
        if (line is null)
            return;
        Console.Error.WriteLine(Rank == 0 ? line : $"[rank {Rank}] {line}");
        if (line.StartsWith("attune: ", StringComparison.Ordinal))
            lastError = line["attune: ".Length..];
    }
}
