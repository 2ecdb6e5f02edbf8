using Attune.Reporting.Charts;
using Attune.Reporting.Pages;
using Attune.Reporting.Runs;

namespace Attune.Reporting.Health;

/// <summary>What went wrong in a run, when, what to do, and what was done.</summary>
static class HealthSection
{
    /// <summary>A section, or none where nobody watched.</summary>
    public static IEnumerable<ReportSection> Create(RunFolder folder)
    {
        if (!File.Exists(folder.Health))
            return [];
        var events = HealthEvent.Read(folder);
        return
        [
            new("Health")
            {
                Lead = events.Count == 0 ? "Nothing was wrong at any step." : "What the run was watched for and found, and what to do about it.",
                Tables = events.Count == 0 ? [] : [new("Findings", ["Steps", "What", "What to do"], [.. Rows(events)])],
            },
        ];
    }

    static IEnumerable<IReadOnlyList<string>> Rows(IReadOnlyList<HealthEvent> events)
    {
        for (var at = 0; at < events.Count; at++)
        {
            var found = events[at];
            if (found.What == HealthEvent.Began)
                yield return [Steps(found, events.Skip(at + 1)), $"{found.Severity}: {found.Words}", found.Advice];
            else if (found.What != HealthEvent.Over)
                yield return [NumberFormat.Number(found.Step), $"{found.What}: {found.Words}", ""];
        }
    }

    static string Steps(HealthEvent began, IEnumerable<HealthEvent> later) =>
        later.FirstOrDefault(other => other.Rule == began.Rule) is { What: HealthEvent.Over } over ? $"{began.Step} to {over.Step}" : $"from {began.Step}";
}
