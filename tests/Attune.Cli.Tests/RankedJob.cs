using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Attune.Cli.Tests;

/// <summary>Real processes that exchange tensors: <c>attune launch -- doctor --ranks</c>.</summary>
sealed partial class RankedJob : IDisposable
{
    /// <summary>Within this time a job with a failed rank has ended.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    readonly Process launcher;
    readonly Task<string> errors;
    readonly int[] ranks;

    /// <summary>Waits until all ranks have joined and measured their speed.</summary>
    public RankedJob(int count, params string[] options)
    {
        string[] rest = options.Length == 0 ? ["--seconds", "600"] : options;
        launcher = Commands.Start(["launch", "--processes", $"{count}", "--", "doctor", "--ranks", .. rest]);
        errors = launcher.StandardError.ReadToEndAsync();
        ranks = new int[count];
        var line = "";
        while (line is not null && !line.StartsWith("100 MiB", StringComparison.Ordinal))
        {
            line = launcher.StandardOutput.ReadLine();
            if (Rank().Match(line ?? "") is { Success: true } found)
                ranks[Number(found, "rank")] = Number(found, "process");
        }
        Assert.True(line is not null, line is null ? errors.Result : "");
    }

    public int Id => launcher.Id;

    public string Error => errors.Result.TrimEnd();

    public void Signal(string name, int rank) => Process.Start("kill", [$"-{name}", $"{ranks[rank]}"]).WaitForExit();

    public int Wait(TimeSpan limit)
    {
        Assert.True(launcher.WaitForExit(limit), $"the job did not end within {limit}");
        return launcher.ExitCode;
    }

    public void AssertGone()
    {
        var clock = Stopwatch.StartNew();
        while (ranks.Any(IsRunning))
        {
            Assert.True(clock.Elapsed < Limit, "a rank did not end");
            Thread.Sleep(50);
        }
    }

    public void Dispose()
    {
        foreach (var rank in ranks.Where(IsRunning))
            Process.Start("kill", ["-KILL", $"{rank}"]).WaitForExit();
        if (!launcher.HasExited)
            launcher.Kill();
        launcher.WaitForExit();
        launcher.Dispose();
    }

    static bool IsRunning(int process) => process != 0 && File.Exists($"/proc/{process}/status");

    static int Number(Match found, string group) => int.Parse(found.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^rank (?<rank>\d+) .*process (?<process>\d+)$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Rank();
}
