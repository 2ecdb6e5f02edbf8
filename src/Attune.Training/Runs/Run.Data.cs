using System.Text.Json.Nodes;
using Attune.Data;
using Attune.Input;
using Attune.Reporting.Files;

namespace Attune.Training.Runs;

/// <summary>What a run keeps about its data: counts and hashes of the files, and a hash of each example that it trains on.</summary>
public sealed partial class Run
{
    JsonObject data = [];

    /// <summary>A hash of each example that is trained on; empty where examples are packed.</summary>
    internal IReadOnlyList<string> TrainedRows { get; set; } = [];

    /// <summary>Keeps the number and the SHA-256 of the rows in the run folder; a resumed run must read the same rows.</summary>
    /// <exception cref="InvalidDataException">The rows changed since the run began.</exception>
    internal void RecordData(IReadOnlyList<(string Key, string Path, DataDigest Rows)> read)
    {
        data = [.. read.Select(file => KeyValuePair.Create(file.Key, (JsonNode?)new JsonObject
        {
            ["path"] = file.Path,
            ["rows"] = file.Rows.Rows,
            ["sha256"] = file.Rows.Sha256,
        }))];
        if (recipe is not null || !File.Exists(Folder.Data))
            return;
        var known = JsonNode.Parse(InputFile.ReadText(Folder.Data))!.AsObject();
        foreach (var key in known.Select(file => file.Key).Union(data.Select(file => file.Key)))
            if ((string?)known[key]?["sha256"] != (string?)data[key]?["sha256"])
                throw new InvalidDataException(
                    $"`data.{key}` changed since the run began: it was {Describe(known[key])}, and is {Describe(data[key])}. The order of "
                    + "the examples and what is held out would change in the middle of the run: put the data back, or start a new run");
    }

    static string Describe(JsonNode? file) =>
        file is null ? "not given" : $"{(int)file["rows"]!:N0} rows of {file["path"]} (SHA-256 {((string)file["sha256"]!)[..12]}…)";

    void WriteData()
    {
        if (data.Count > 0)
            AtomicWrite.File(Folder.Data, data.ToJsonString(new() { WriteIndented = true }) + "\n");
        if (TrainedRows.Count > 0)
            AtomicWrite.File(Folder.TrainedRows, path => File.WriteAllLines(path, TrainedRows));
    }
}
