using System.Text.Json;
using Attune.Data.Agreement;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Attune.Store;

/// <summary>Who wrote an answer, and how long it is.</summary>
/// <param name="Source">A model's name; null where that is not known.</param>
/// <param name="Length">In characters; a line break counts as two.</param>
public sealed record AnswerFacts(string? Source, int Length);

/// <summary>All that was decided in a project, at one moment, as figures need it.</summary>
/// <param name="Settings">How the project asks.</param>
/// <param name="Votes">In the order in which they were made; skips and adjudications too.</param>
/// <param name="Answers">By item, those of decided items.</param>
/// <param name="Expected">The known ranks of checks and calibration items.</param>
public sealed record ProjectVotes(
    ProjectSettings Settings,
    IReadOnlyList<Vote> Votes,
    IReadOnlyDictionary<long, IReadOnlyList<AnswerFacts>> Answers,
    IReadOnlyDictionary<long, IReadOnlyList<int?>> Expected)
{
    /// <summary>A category of its own beside the signs of a pair.</summary>
    const int AllBad = 2;

    /// <summary>Pairs of places of an item, of nine answers at most.</summary>
    const int Places = 16;

    /// <summary>What people said of ordinary items, neither skips nor adjudications.</summary>
    public IEnumerable<Vote> Ordinary => Votes.Where(vote => vote is { Kind: ItemKind.Normal, Adjudicates: false } && vote.Outcome != Outcome.Skipped);

    /// <summary>How many categories people can choose from.</summary>
    public int Choices => Settings.Task == TaskKind.Rating ? Settings.RatingLevels : 2 + (Settings.Ties ? 1 : 0) + (Settings.AllBad ? 1 : 0);

    /// <summary>
    /// Which of two answers is better, of every pair of an item's: one, the other, neither, or both bad. In a project that rates, the level
    /// of every answer.
    /// </summary>
    public IEnumerable<Rating> Choice() => Ratings((vote, sign) => vote.Outcome == Outcome.AllBad ? AllBad : sign);

    /// <summary>The same on a scale from "the second by far" to "the first by far", with ties and both bad in the middle.</summary>
    public IEnumerable<Rating> Degree() => Ratings((vote, sign) => sign * ((vote.Strength ?? 1) + (vote.Strength is not null && Settings.StrengthLevels == 4 ? 1 : 0)));

    /// <summary>Only clear preferences: one or the other.</summary>
    public IEnumerable<Rating> Preference() =>
        Ordinary.SelectMany(vote => vote.Pairs().Where(pair => pair.Sign != 0).Select(pair => OfPair(vote, pair.First, pair.Second, pair.Sign)));

    /// <summary>The models, by name.</summary>
    public IReadOnlyList<string> Models() => [.. Answers.Values.SelectMany(answers => answers).Select(answer => answer.Source).OfType<string>()
        .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>Every two answers by known models. Where a reviewer has settled an item, that decision stands for all.</summary>
    /// <param name="models">As <see cref="Models"/> lists them.</param>
    public IEnumerable<Comparison> Comparisons(IReadOnlyList<string> models)
    {
        var numbers = models.Index().ToDictionary(model => model.Item, model => model.Index, StringComparer.Ordinal);
        var settled = Votes.Where(vote => vote.Adjudicates).Select(vote => vote.Item).ToHashSet();
        return
            from vote in Ordinary.Where(vote => !settled.Contains(vote.Item)).Concat(Votes.Where(vote => vote.Adjudicates))
            from pair in vote.Pairs()
            let first = Answers[vote.Item][pair.First]
            let second = Answers[vote.Item][pair.Second]
            where first.Source is not null && second.Source is not null
            let winner = pair.Sign > 0 ? Winner.First : pair.Sign < 0 ? Winner.Second : Winner.Neither
            select new Comparison(vote.Item, numbers[first.Source!], numbers[second.Source!], winner, first.Length, second.Length);
    }

    IEnumerable<Rating> Ratings(Func<Vote, int, int> value) => Settings.Task == TaskKind.Rating
        ? from vote in Ordinary
          from place in Enumerable.Range(0, vote.Shown.Count)
          where vote.Ratings?[place] is not null
          select new Rating(vote.Item, place, vote.Person, vote.Ratings![place]!.Value)
        : from vote in Ordinary
          from pair in vote.Pairs()
          select OfPair(vote, pair.First, pair.Second, value(vote, pair.Sign));

    static Rating OfPair(Vote vote, int first, int second, int value) => new(vote.Item, first * Places + second, vote.Person, value);

    internal static ProjectVotes Load(SqliteConnection connection, long project)
    {
        var settings = connection.QuerySingle<ProjectSettings>("SELECT settings FROM project WHERE id = @project", new { project });
        var expected = connection.Query<(long Item, string Expected)>(
            "SELECT id, expected FROM item WHERE project_id = @project AND kind <> 'Normal'", new { project });
        return new(settings, LoadVotes(connection, project), LoadAnswers(connection, project),
            expected.ToDictionary(row => row.Item, row => (IReadOnlyList<int?>)JsonSerializer.Deserialize<int?[]>(row.Expected)!));
    }

    static List<Vote> LoadVotes(SqliteConnection connection, long project)
    {
        var lists = new Dictionary<string, int?[]>(StringComparer.Ordinal);                  // few different ones, of many votes
        var orders = new Dictionary<string, int[]>(StringComparer.Ordinal);
        return connection.Query<Row>("""
            SELECT d.item_id AS Item, i.kind, d.person_id AS Person, d.adjudicates, d.outcome, d.ranks, d.strength, d.ratings, d.shown, d.seconds,
                d.decided_at AS At
            FROM decision d JOIN item i ON i.id = d.item_id WHERE d.project_id = @project ORDER BY d.id
            """, new { project }, buffered: false)
            .Select(row => new Vote
            {
                Item = row.Item, Kind = row.Kind, Person = row.Person, Adjudicates = row.Adjudicates, Outcome = row.Outcome, Strength = row.Strength,
                Ranks = row.Ranks is null ? null : Parsed(lists, row.Ranks), Ratings = row.Ratings is null ? null : Parsed(lists, row.Ratings),
                Shown = Parsed(orders, row.Shown), Seconds = row.Seconds, At = row.At,
            }).ToList();
    }

    static Dictionary<long, IReadOnlyList<AnswerFacts>> LoadAnswers(SqliteConnection connection, long project) =>
        connection.Query<(long Item, string? Source, int Length)>("""
            SELECT a.item_id, a.source, CASE WHEN a.text GLOB '"*' THEN length(a.text) - 2
                ELSE (SELECT coalesce(sum(length(value ->> '$.content')), 0) FROM json_each(a.text)) END
            FROM item i JOIN answer a ON a.item_id = i.id WHERE i.project_id = @project AND i.decided > 0 ORDER BY a.item_id, a.place
            """, new { project }, buffered: false)
            .GroupBy(row => row.Item, row => new AnswerFacts(row.Source is null ? null : string.Intern(row.Source), row.Length))
            .ToDictionary(item => item.Key, item => (IReadOnlyList<AnswerFacts>)[.. item]);

    static T Parsed<T>(Dictionary<string, T> known, string json)
    {
        if (!known.TryGetValue(json, out var list))
            known.Add(json, list = JsonSerializer.Deserialize<T>(json)!);
        return list;
    }

    sealed record Row
    {
        public long Item { get; init; }
        public ItemKind Kind { get; init; }
        public long Person { get; init; }
        public bool Adjudicates { get; init; }
        public Outcome Outcome { get; init; }
        public string? Ranks { get; init; }
        public int? Strength { get; init; }
        public string? Ratings { get; init; }
        public required string Shown { get; init; }
        public double Seconds { get; init; }
        public DateTimeOffset At { get; init; }
    }
}
