using System.Globalization;
using System.Text;
using Attune.Reporting.Charts;

namespace Attune.Studio.Jobs;

/// <summary>The files of a job.</summary>
sealed class JobFolder(string path)
{
    const int LogEnd = 1 << 16;

    public static JobFolder ForJob(StudioOptions options, long job) =>
        new(System.IO.Path.Combine(options.Jobs, job.ToString(CultureInfo.InvariantCulture)));

    public string Path => path;

    /// <summary>The output of its commands.</summary>
    public string Log => In("log.txt");

    /// <summary>The input of a command: prompts, or responses to score.</summary>
    public string Input => In("input.jsonl");

    /// <summary>The export of the decisions that a run is trained on.</summary>
    public string Snapshot => In("snapshot");

    /// <summary>The output of a command.</summary>
    public string Output(int step) => In(string.Create(CultureInfo.InvariantCulture, $"output-{step}.jsonl"));

    public DetachedProcess Child(int step) => new(In(string.Create(CultureInfo.InvariantCulture, $"process-{step}")), Log);

    /// <summary>The last lines of the log, escaped for a page.</summary>
    public IReadOnlyList<string> LastLines(int count)
    {
        if (!File.Exists(Log))
            return [];
        using var stream = new FileStream(Log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        stream.Seek(-Math.Min(stream.Length, LogEnd), SeekOrigin.End);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return [.. reader.ReadToEnd().Split('\n').Where(line => line.Length > 0).TakeLast(count)
            .Select(line => VisibleText.Cut(VisibleText.Escape(line), 1000))];
    }

    /// <summary>The number of lines of a file; 0 if it does not exist.</summary>
    public static long Lines(string file)
    {
        if (!File.Exists(file))
            return 0;
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var (buffer, lines) = (new byte[1 << 16], 0L);
        for (var read = stream.Read(buffer); read > 0; read = stream.Read(buffer))
            lines += buffer.AsSpan(0, read).Count((byte)'\n');
        return lines;
    }

    string In(string name) => System.IO.Path.Combine(path, name);
}
