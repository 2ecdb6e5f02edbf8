using System.Globalization;
using Attune.Store;
using Attune.Store.Export;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Attune.Studio.Export;

/// <summary>The fields of the export page, as its query string has them; shares are in per cent.</summary>
/// <param name="Layout">What a row is: Pairs, Rankings, Hh, Kto, Demonstrations, Conversations, Triples, Steps or Csv. Left out, the
/// layout of the project's task.</param>
/// <param name="Votes">majority (the default), each for a row for each annotation, or ability to weight votes by ability.</param>
/// <param name="Judges">include: the votes of judges, models that compare responses, count like those of people.</param>
/// <param name="Person">Only annotations of these people, by name.</param>
/// <param name="From">Only annotations from this day on (UTC).</param>
/// <param name="To">Only annotations until this day (UTC).</param>
/// <param name="Strength">Only annotations with at least this margin.</param>
/// <param name="Right">Only annotators with at least this percentage of attention checks right.</param>
/// <param name="Decisions">Only items with at least so many annotations.</param>
/// <param name="Agreement">Only items on which at least this percentage of annotators agree.</param>
/// <param name="Flags">What to do with flagged items: Exclude (the default), Include or Only.</param>
/// <param name="Ideal">first prefers better answers that annotators wrote to all others.</param>
/// <param name="HeldOut">The percentage of prompts that is held out (10 unless set).</param>
/// <param name="Seed">The seed that selects the held-out prompts.</param>
/// <param name="Reviewed">only exports annotations that a reviewer accepted, and adjudications.</param>
sealed record ExportForm(
    string? Layout, string? Votes, string? Judges, [FromQuery] string[]? Person, string? From, string? To, string? Strength, string? Right,
    string? Decisions, string? Agreement,
    string? Flags, string? Ideal, string? HeldOut, string? Seed, string? Reviewed)
{
    const double UsualHeldOut = 10;

    /// <exception cref="InvalidDataException">A field is not a number, a date or a known value.</exception>
    /// <param name="settings">The settings of the project.</param>
    /// <param name="request">The request, whose query string has the weights of questions.</param>
    public ExportOptions Options(ProjectSettings settings, HttpRequest request) => new()
    {
        Questions = QuestionWeightFields.Read(settings, name => request.Query[name]),
        Layout = EnumName<ExportLayout>.ParseOr(Usual(settings.Task), Layout),
        EachVote = Votes == "each",
        ByAbility = Votes == "ability",
        Judges = Judges == "include",
        People = [.. (Person ?? []).Where(name => name != "")],
        From = Day("from", From),
        To = Day("to", To)?.AddDays(1),
        LeastStrength = (int)Number("strength", Strength, 0),
        LeastRight = Number("checks right", Right, 0) / 100,
        ReviewedOnly = Reviewed == "only",
        LeastDecisions = (int)Number("decisions", Decisions, 1),
        LeastAgreement = Number("agreement", Agreement, 0) / 100,
        Flagged = EnumName<Flagged>.ParseOr(Flagged.Exclude, Flags),
        IdealFirst = Ideal == "first",
        HeldOut = Number("held out", HeldOut, UsualHeldOut) / 100,
        Seed = (int)Number("seed", Seed, 0),
    };

    static ExportLayout Usual(TaskKind task) => task switch
    {
        TaskKind.Demonstration => ExportLayout.Demonstrations,
        TaskKind.Steps => ExportLayout.Steps,
        _ => ExportLayout.Pairs,
    };

    internal static double Number(string name, string? text, double usual) =>
        string.IsNullOrWhiteSpace(text) ? usual
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && Math.Abs(number) <= int.MaxValue
            ? number
        : throw new InvalidDataException($"{name} must be a number (was {text})");

    internal static DateTimeOffset? Day(string name, string? text) =>
        string.IsNullOrWhiteSpace(text) ? null
        : DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            && day.Year is > 1970 and < 9999
            ? new(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero)
        : throw new InvalidDataException($"{name} must be a date such as 2026-03-01 (was {text})");
}
