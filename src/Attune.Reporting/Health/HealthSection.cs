using Attune.Reporting.Charts;
using Attune.Reporting.Pages;
using Attune.Reporting.Runs;

namespace Attune.Reporting.Health;

/// <summary>The findings and actions of a run's health, as a section of its report.</summary>
static class HealthSection
{
    /// <summary>The section, or none where the health was not monitored.</summary>
    public static IEnumerable<ReportSection> Create(RunFolder folder)
    {
        if (!File.Exists(folder.Health))
            return [];
        var events = HealthEvent.Read(folder);
        return
        [
            new("Health")
            {
                Lead = events.Count == 0 ? "There were no findings." : "What went wrong, what to do about it, and what the run did.",
                Tables = events.Count == 0 ? [] : [new("Findings", ["Steps", "Finding", "What to do"], [.. Rows(events)])],
            },
        ];
    }

    static IEnumerable<IReadOnlyList<string>> Rows(IReadOnlyList<HealthEvent> events)
    {
        for (var i = 0; i < events.Count; i++)
        {
            var current = events[i];
            if (current.What == HealthEvent.Began)
                yield return [Steps(current, events.Skip(i + 1)), $"{current.Severity}: {current.Words}", current.Advice];
            else if (current.What != HealthEvent.Over)
                yield return [NumberFormat.Number(current.Step), $"{current.What}: {current.Words}", ""];
        }
    }

    static string Steps(HealthEvent began, IEnumerable<HealthEvent> later) =>
        later.FirstOrDefault(other => other.Rule == began.Rule) is { What: HealthEvent.Over } over
            ? $"{began.Step} to {over.Step}"
            : $"from {began.Step}";
}
