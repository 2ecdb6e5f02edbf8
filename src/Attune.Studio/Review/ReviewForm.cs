using System.Globalization;
using Attune.Store;
using Attune.Studio.Export;
using Microsoft.AspNetCore.Http;

namespace Attune.Studio.Review;

/// <summary>Which decision is reviewed first.</summary>
public enum ReviewOrder
{
    /// <summary>Decisions that agree least with the others on their item; those without another one come last.</summary>
    Agreement,

    Newest,

    Oldest,
}

/// <summary>The filters of the review page, as its query string has them; the share is in per cent.</summary>
/// <param name="Order">A <see cref="ReviewOrder"/>.</param>
/// <param name="Person">The id of the annotator; empty for everyone.</param>
/// <param name="Flag">A flag, "any", or empty for all decisions.</param>
/// <param name="From">The first day.</param>
/// <param name="To">The last day.</param>
/// <param name="Share">The random share of the decisions.</param>
/// <param name="After">The decision that the reviewer left open: the ones after it are shown.</param>
/// <param name="Decision">The decision to show; the first one of the queue when empty.</param>
public sealed record ReviewForm(
    string? Order, string? Person, string? Flag, string? From, string? To, string? Share, string? After, string? Decision)
{
    public ReviewOrder By() => EnumName<ReviewOrder>.ParseOr(ReviewOrder.Agreement, Order);

    /// <exception cref="InvalidDataException">A field is not a number, a date or a known value.</exception>
    public ReviewFilter Filter() => new()
    {
        Person = Number(Person),
        Flags = Flag == "any" ? Enum.GetValues<Flag>() : string.IsNullOrEmpty(Flag) ? [] : [EnumName<Flag>.ParseOr(default, Flag)],
        From = ExportForm.Day("from", From),
        To = ExportForm.Day("to", To)?.AddDays(1),
        Share = ExportForm.Number("share", Share, 100) / 100 is var share && share is > 0 and <= 1 ? share
            : throw new InvalidDataException($"the random share must be above 0 and at most 100 % (was {Share})"),
    };

    public static long? Number(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>The query string with the same filters.</summary>
    /// <param name="after">The decision that is left open; null for none.</param>
    /// <param name="decision">The decision to show; null for the next one.</param>
    public QueryString Query(string? after = null, long? decision = null) => QueryString.Create(
        new[]
        {
            ("order", Order), ("person", Person), ("flag", Flag), ("from", From), ("to", To), ("share", Share), ("after", after),
            ("decision", decision?.ToString(CultureInfo.InvariantCulture)),
        }.Where(field => !string.IsNullOrEmpty(field.Item2)).Select(field => KeyValuePair.Create(field.Item1, field.Item2)));
}
