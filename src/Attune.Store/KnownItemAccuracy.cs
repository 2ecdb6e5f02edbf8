using System.Data.Common;
using System.Text.Json;
using Dapper;

namespace Attune.Store;

/// <summary>How many decisions about items with known ranks were right.</summary>
/// <param name="Right">How many were right.</param>
/// <param name="Total">How many there are.</param>
public sealed record KnownItemAccuracy(int Right, int Total)
{
    /// <summary>From 0 to 1; 1 when there are none.</summary>
    public double Share => Total == 0 ? 1 : (double)Right / Total;

    /// <summary>
    /// Whether ranks agree with the known ranks: every pair that these order is ordered the same, and known ties are ties.
    /// </summary>
    public static bool IsRight(IReadOnlyList<int?> expected, IReadOnlyList<int?>? ranks) =>
        ranks is not null
        && Enumerable.Range(0, expected.Count).All(i => Enumerable.Range(0, i).All(j =>
            expected[i] is not { } a || expected[j] is not { } b
                || (ranks[i] is { } c && ranks[j] is { } d && Math.Sign(a - b) == Math.Sign(c - d))));

    /// <summary>Like the ranks, from ratings: a response with a higher level is better.</summary>
    /// <remarks>A best–worst choice is right if the known ranks have no better and no worse response.</remarks>
    public static bool IsRight(IReadOnlyList<int?> expected, AnnotationResult verdict) => verdict is
        { Outcome: Outcome.BestWorst, Ranks: { } chosen }
        ? expected[chosen.ToList().IndexOf(0)] == expected.Min() && expected[chosen.ToList().IndexOf(2)] == expected.Max()
        : IsRight(
        expected, verdict.Ranks ?? (verdict.Outcome == Outcome.Rated ? [.. verdict.Ratings!.Select(rating => -rating)] : null));

    // CROSS JOIN makes SQLite start from the few items with known ranks, not from all decisions of the person.
    internal static KnownItemAccuracy Load(DbConnection connection, long project, long person, ItemKind kind = ItemKind.Calibration)
    {
        var right = connection.Query<(string Expected, string Outcome, string? Ranks, string? Ratings)>("""
            SELECT i.expected, d.outcome, d.ranks, d.ratings FROM item i
            CROSS JOIN decision d
            WHERE d.item_id = i.id AND d.person_id = @person AND d.adjudicates = 0 AND i.project_id = @project AND i.kind = @kind
              AND i.kind <> 'Normal'
            """, new { project, person, kind = kind.ToString() })
            .Select(row => IsRight(Parse(row.Expected)!, new AnnotationResult { Outcome = Enum.Parse<Outcome>(row.Outcome),
                Ranks = Parse(row.Ranks), Ratings = Parse(row.Ratings) }))
            .ToList();
        return new(right.Count(each => each), right.Count);
    }

    static int?[]? Parse(string? ranks) => ranks is null ? null : JsonSerializer.Deserialize<int?[]>(ranks);
}
