using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Attune.Studio.Jobs;

/// <summary>The state of a child process.</summary>
enum ChildState
{
    NotBegun,
    Running,
    Ended,
}

/// <summary>
/// A program that outlives the process that starts it. It has its own session and writes to a log; a shell around it writes its process id
/// and its exit code into a folder, so a restarted studio finds both. The shell creates the folder, which only one of two concurrent starts
/// can do. A studio on another machine, which cannot see the process, knows that it runs from a file that the shell writes again and again.
/// </summary>
/// <param name="folder">The folder that the shell creates; it must not exist before.</param>
/// <param name="log">The file to which output is appended.</param>
sealed partial class DetachedProcess(string folder, string log)
{
    const int Kill = 9, Terminate = 15;

    // Paths and arguments are passed as arguments of the shell, never inserted into its script.
    const string Script = """
        log=$1 folder=$2; shift 2
        exec </dev/null >>"$log" 2>&1 || exit 1
        mkdir "$folder" 2>/dev/null || exit 1
        cat /proc/sys/kernel/hostname >"$folder/machine" || exit 1
        cat "/proc/$$/stat" >"$folder/began.new" && mv "$folder/began.new" "$folder/began" || exit 1
        (trap '' INT TERM HUP; while kill -0 "$$"; do : >"$folder/alive"; sleep 10; done) 2>/dev/null &
        trap : INT TERM HUP
        "$@"
        echo "$?" >"$folder/ended.new" && mv "$folder/ended.new" "$folder/ended"
        """;

    static readonly TimeSpan LongestBeginning = TimeSpan.FromSeconds(10);

    /// <summary>Much longer than the interval of the shell: a shared disk may show changes late, and clocks differ.</summary>
    static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(3);

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
        : IsBeginning || (IsElsewhere ? IsWriting : LivingProcess is not null) ? ChildState.Running
        : ChildState.Ended;

    /// <summary>The exit code; null while it runs, and when it was killed together with its shell.</summary>
    public int? ExitCode =>
        File.Exists(In("ended")) && int.TryParse(File.ReadAllText(In("ended")), CultureInfo.InvariantCulture, out var code) ? code : null;

    /// <summary>
    /// Passes on requests to stop: the first sends SIGTERM, so that the program can save its state; the second kills it. Not SIGINT: a
    /// shell script starts background commands with SIGINT ignored, and all their child processes inherit that.
    /// </summary>
    /// <param name="requests">How many times stopping was requested.</param>
    public void Stop(int requests)
    {
        var signalled = In($"stop-{Math.Min(requests, 2)}");
        if (requests == 0 || File.Exists(signalled) || LivingProcess is not { } process)
            return;
        File.WriteAllText(signalled, "");
        _ = SendSignal(-process, requests == 1 ? Terminate : Kill);          // to its process group; an error means that it has just ended
    }

    bool IsBeginning => !File.Exists(In("began")) && (DateTime.UtcNow - Directory.GetCreationTimeUtc(folder)).Duration() < LongestBeginning;

    /// <summary>Whether another machine started it.</summary>
    bool IsElsewhere => File.Exists(In("machine")) && File.ReadAllText(In("machine")) != File.ReadAllText("/proc/sys/kernel/hostname");

    bool IsWriting => DateTime.UtcNow - File.GetLastWriteTimeUtc(In("alive")) < LongestSilence;

    /// <summary>
    /// The id of its process on this machine, if that is still the same process: ids are reused, but not with the same start time.
    /// </summary>
    int? LivingProcess =>
        !IsElsewhere && ProcStat.Read(In("began")) is { } began && ProcStat.Read($"/proc/{began.Process}/stat") is { IsDead: false } now
            && now.StartedAt == began.StartedAt
            ? began.Process
            : null;

    string In(string name) => Path.Combine(folder, name);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);

    /// <summary>
    /// Three fields of proc_pid_stat(5): the first, third and 22nd; the second is a name in brackets that may contain anything.
    /// </summary>
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
            catch (Exception error)
                when (error is IOException or UnauthorizedAccessException or FormatException or ArgumentOutOfRangeException
                    or IndexOutOfRangeException)
            {
                return null;                     // missing, or partly written when the machine went down
            }
        }
    }
}
