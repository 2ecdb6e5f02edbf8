using Attune.Reporting.Runs;

namespace Attune.Studio.Runs;

/// <summary>Caches the records of the runs viewed last, since an open page asks every two seconds.</summary>
sealed class RunRecords
{
    const int Kept = 8;

    readonly Lock reading = new();
    readonly OrderedDictionary<string, (string Version, RunRecord Record)> records = new(StringComparer.Ordinal);

    /// <summary>A text that changes when the run writes more.</summary>
    public static string VersionOf(RunFolder folder) =>
        string.Join('-', ((string[])[folder.Metrics, folder.Samples, folder.Health, folder.Summary])
        .Select(path => File.Exists(path) ? new FileInfo(path).Length : -1));

    public RunRecord Read(RunFolder folder)
    {
        var version = VersionOf(folder);
        lock (reading)
        {
            if (!records.TryGetValue(folder.Path, out var known) || known.Version != version)
                known = (version, RunRecord.Read(folder));
            records.Remove(folder.Path);
            records.Add(folder.Path, known);
            if (records.Count > Kept)
                records.RemoveAt(0);
            return known.Record;
        }
    }
}
