using System.Text.Json.Nodes;
using Attune.Reporting.Files;
using Attune.Reporting.Runs;

namespace Attune.Reporting.Health;

/// <summary>A line of health.jsonl: a finding that began or ended, or an action.</summary>
/// <param name="Step">The step; for a rollback, the step that the run was rolled back to.</param>
/// <param name="What">"began", "over", "β raised", "rolled back" or "stopped".</param>
public sealed record HealthEvent(int Step, string What)
{
    public const string Began = "began", Over = "over";

    /// <summary>The rule of a finding; empty for an action.</summary>
    public string Rule { get; init; } = "";

    public string Severity { get; init; } = "";

    public string Words { get; init; } = "";

    public string Advice { get; init; } = "";

    /// <summary>The event of a change.</summary>
    public static HealthEvent FromChange(HealthChange change, int step) => new(step, change.Begins ? Began : Over)
    {
        Rule = change.Finding.Rule,
        Severity = change.Begins ? change.Finding.Severity.ToString().ToLowerInvariant() : "",
        Words = change.Finding.Words,
        Advice = change.Begins ? change.Finding.Advice : "",
    };

    /// <summary>The events of a run. A run that was killed during a rollback may have logged an event twice.</summary>
    public static IReadOnlyList<HealthEvent> Read(RunFolder folder) =>
        [.. JsonLinesLog.Read(folder.Health).Select(From).OfType<HealthEvent>().Distinct()];

    public JsonObject ToJson()
    {
        var line = new JsonObject { ["step"] = Step, ["what"] = What };
        foreach (var (key, value) in new[] { ("rule", Rule), ("severity", Severity), ("words", Words), ("advice", Advice) })
            if (value.Length > 0)
                line[key] = value;
        return line;
    }

    static HealthEvent? From(JsonObject line)
    {
        return RunRecord.Number(line["step"]) is { } step && Text("what") is { Length: > 0 } what
            ? new((int)step, what) { Rule = Text("rule"), Severity = Text("severity"), Words = Text("words"), Advice = Text("advice") }
            : null;

        string Text(string key) => line[key] is JsonValue value && value.TryGetValue(out string? text) ? text : "";
    }
}
