using System.Text.Json.Nodes;
using Attune.Reporting.Files;

namespace Attune.Reporting.Runs;

/// <summary>A time that a run was started or resumed: a line of sessions.jsonl.</summary>
/// <param name="Step">The steps that were done before.</param>
/// <param name="Values">What it ran on, by name: commit, device, processor, threads …</param>
public sealed record RunSession(int Step, IReadOnlyDictionary<string, string> Values)
{
    /// <summary>Adds it to the run's file; lines of later steps stay, because they happened.</summary>
    public void Append(RunFolder folder)
    {
        using var log = new JsonLinesLog(folder.Sessions, int.MaxValue);
        var line = new JsonObject { ["step"] = Step };
        foreach (var (name, value) in Values)
            line[name] = value;
        log.Write(line);
    }

    public static IReadOnlyList<RunSession> Read(RunFolder folder) => [.. JsonLinesLog.Read(folder.Sessions)
        .Where(line => RunRecord.Number(line["step"]) is not null)
        .Select(line => new RunSession(
            (int)RunRecord.Number(line["step"])!.Value,
            line.Where(pair => pair.Key != "step").ToDictionary(pair => pair.Key, pair => $"{pair.Value}", StringComparer.Ordinal)))];
}
