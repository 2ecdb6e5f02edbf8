using Attune.Store;
using Microsoft.AspNetCore.Mvc;

namespace Attune.Studio.Projects;

/// <summary>The fields of the settings page. Browsers do not send an unticked checkbox.</summary>
sealed record SettingsForm(
    [FromForm] string? Guidelines,
    [FromForm] EnumName<TaskKind> Task,
    [FromForm] string? Questions,
    [FromForm] int StrengthLevels,
    [FromForm] int RatingLevels,
    [FromForm] int Overlap,
    [FromForm] double OverlapPercent,
    [FromForm] EnumName<ItemOrder> Order,
    [FromForm] double RandomPercent,
    [FromForm] int CheckEvery,
    [FromForm] double CalibrationPercent,
    [FromForm] int LeaseMinutes,
    [FromForm] bool Ties = false,
    [FromForm] bool AllBad = false,
    [FromForm] bool Rationale = false,
    [FromForm] bool IdealAnswer = false,
    [FromForm] bool Markdown = false)
{
    /// <param name="was">The settings until now, whose other values are kept.</param>
    public ProjectSettings Settings(ProjectSettings? was = null) => (was ?? new()) with
    {
        Guidelines = Guidelines ?? "",
        Task = Task,
        Questions = [.. (Questions ?? "").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(':', 2, StringSplitOptions.TrimEntries))
            .Select(parts => new Question(parts[0], parts.ElementAtOrDefault(1) ?? ""))],
        StrengthLevels = StrengthLevels,
        RatingLevels = Task.Value == TaskKind.Steps ? 3 : RatingLevels,
        Overlap = Overlap,
        OverlapShare = OverlapPercent / 100,
        Order = Order,
        RandomShare = RandomPercent / 100,
        CheckEvery = CheckEvery,
        CalibrationPass = CalibrationPercent / 100,
        LeaseMinutes = LeaseMinutes,
        Ties = Ties,
        AllBad = AllBad,
        Rationale = Rationale,
        IdealAnswer = IdealAnswer,
        Markdown = Markdown,
    };
}
