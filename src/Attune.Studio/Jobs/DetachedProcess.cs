using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Attune.Studio.Jobs;

/// <summary>How far a child is.</summary>
enum ChildState
{
    NotBegun,
    Running,
    Ended,
}

/// <summary>
/// A program that outlives who started it: it has a session of its own, writes into a log, and a shell around it notes in a folder who it is
/// and how it ended. So a studio that comes back finds out, whatever happened in between. The folder is made by the shell, once: of two
/// starts the second does nothing.
/// </summary>
/// <param name="folder">Is not there before it begins.</param>
/// <param name="log">What it says is added to this file.</param>
sealed partial class DetachedProcess(string folder, string log)
{
    const int Interrupt = 2, Kill = 9;

    // Paths and words are arguments of the shell, never part of its text.
    const string Script = """
        log=$1 folder=$2; shift 2
        exec </dev/null >>"$log" 2>&1 || exit 1
        mkdir "$folder" 2>/dev/null || exit 1
        cat "/proc/$$/stat" >"$folder/began.new" && mv "$folder/began.new" "$folder/began" || exit 1
        trap : INT TERM HUP
        "$@"
        echo "$?" >"$folder/ended.new" && mv "$folder/ended.new" "$folder/ended"
        """;

    static readonly TimeSpan LongestBeginning = TimeSpan.FromSeconds(10);

    /// <param name="words">The program and its arguments.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">This machine has no <c>setsid</c>.</exception>
    public Process Start(IEnumerable<string> words)
    {
        var start = new ProcessStartInfo("setsid") { UseShellExecute = false };
        foreach (var word in (string[])["sh", "-c", Script, "sh", log, folder, .. words])
            start.ArgumentList.Add(word);
        return Process.Start(start)!;
    }

    public ChildState State =>
        ExitCode is not null ? ChildState.Ended
        : !Directory.Exists(folder) ? ChildState.NotBegun
        : IsBeginning || LivingProcess is not null ? ChildState.Running
        : ChildState.Ended;

    /// <summary>What it ended with; null while it runs, and where it was killed together with its shell.</summary>
    public int? ExitCode => File.Exists(In("ended")) && int.TryParse(File.ReadAllText(In("ended")), CultureInfo.InvariantCulture, out var code) ? code : null;

    /// <summary>Passes on a wish to stop, once each: the first interrupts, so that it can save what it reached; the second kills.</summary>
    /// <param name="requests">How often somebody wished it.</param>
    public void Stop(int requests)
    {
        var passedOn = In($"stop-{Math.Min(requests, 2)}");
        if (requests == 0 || File.Exists(passedOn) || LivingProcess is not { } process)
            return;
        File.WriteAllText(passedOn, "");
        _ = SendSignal(-process, requests == 1 ? Interrupt : Kill);          // to all of its group; one that has just ended needs none
    }

    bool IsBeginning => !File.Exists(In("began")) && DateTime.UtcNow - Directory.GetCreationTimeUtc(folder) < LongestBeginning;

    /// <summary>The number of its process, if that is still the same one: a number is used again, but not with the same time of start.</summary>
    int? LivingProcess =>
        ProcStat.Read(In("began")) is { } began && ProcStat.Read($"/proc/{began.Process}/stat") is { IsDead: false } now && now.StartedAt == began.StartedAt
            ? began.Process
            : null;

    string In(string name) => Path.Combine(folder, name);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);

    /// <summary>Of proc_pid_stat(5): the first, third and 22nd field; the second is a name in brackets that may hold anything.</summary>
    sealed record ProcStat(int Process, string State, string StartedAt)
    {
        public bool IsDead => State is "Z" or "X";

        public static ProcStat? Read(string path)
        {
            try
            {
                var text = File.ReadAllText(path);
                var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
                return new(int.Parse(text.AsSpan(0, text.IndexOf(' ')), CultureInfo.InvariantCulture), fields[0], fields[19]);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException or ArgumentOutOfRangeException or IndexOutOfRangeException)
            {
                return null;                     // it is not there, or was half written when the machine went down
            }
        }
    }
}
