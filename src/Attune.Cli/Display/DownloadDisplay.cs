using System.Diagnostics;
using Attune.Hub;
using Attune.Reporting.Charts;

namespace Attune.Cli.Display;

/// <summary>Shows a download: one changing line on a terminal, a line for each file elsewhere.</summary>
sealed class DownloadDisplay(TextWriter writer, bool isLive) : IProgress<(HubFile File, long Bytes)>
{
    static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    readonly Dictionary<string, long> bytes = new(StringComparer.Ordinal);
    readonly Stopwatch sinceLast = new();
    Stopwatch? clock;
    long total;
    long first;
    int width;

    /// <summary>Shows what will be downloaded.</summary>
    public void Begin(IReadOnlyList<HubFile> files)
    {
        total = files.Sum(file => file.Size);
        writer.WriteLine($"{files.Count} files, {Size(total)}");
        sinceLast.Start();
    }

    public void Report((HubFile File, long Bytes) value)
    {
        bytes[value.File.Name] = value.Bytes;
        if (clock is null)
            (clock, first) = (Stopwatch.StartNew(), bytes.Values.Sum());
        if (!isLive || sinceLast.Elapsed < Interval)
            return;
        sinceLast.Restart();
        Write($"{value.File.Name}  {Size(bytes.Values.Sum())} of {Size(total)}{Pace()}");
    }

    /// <summary>Shows that a file is there.</summary>
    public void End(HubFile file)
    {
        Write($"{file.Name}  {Size(file.Size)}");
        writer.WriteLine();
        width = 0;
    }

    string Pace()
    {
        var (seconds, done) = (clock!.Elapsed.TotalSeconds, bytes.Values.Sum());
        if (seconds < 1 || done <= first)
            return "";
        var rate = (done - first) / seconds;
        return $", {Size((long)rate)}/s, {NumberFormat.Duration(TimeSpan.FromSeconds((total - done) / rate))} left";
    }

    /// <summary>Replaces the line.</summary>
    void Write(string line)
    {
        writer.Write(isLive ? $"\r{line.PadRight(width)}" : line);
        width = isLive ? line.Length : 0;
    }

    static string Size(long bytes) => bytes switch
    {
        >= 1_000_000_000 => $"{bytes / 1e9:F2} GB",
        >= 1_000_000 => $"{bytes / 1e6:F1} MB",
        >= 1_000 => $"{bytes / 1e3:F1} kB",
        _ => $"{bytes} bytes",
    };
}
