using System.Data.Common;
using System.Text.Json;
using Attune.Data.Agreement;
using Dapper;

namespace Attune.Store;

/// <summary>The source and the length of a response.</summary>
/// <param name="Source">The name of the model; null where it is not known.</param>
/// <param name="Style">The length in characters, where a line break counts as two; and Markdown elements, where these are loaded.</param>
public sealed record AnswerFacts(string? Source, ResponseStyle Style)
{
    public int Length => Style.Length;
}

/// <summary>What statistics need to know of responses.</summary>
public enum AnswerDetail
{
    Nothing,

    /// <summary>Who wrote them, and their lengths.</summary>
    Length,

    /// <summary>Also their Markdown elements, for which their texts are read.</summary>
    Style,
}

/// <summary>All annotations of a project at one moment, for statistics.</summary>
/// <param name="Settings">The project's settings.</param>
/// <param name="Annotations">The annotations by item, including skips and adjudications.</param>
/// <param name="Answers">The responses of every item that has an annotation.</param>
/// <param name="Expected">The known ranks of attention checks and calibration items.</param>
public sealed record ProjectAnnotations(
    ProjectSettings Settings,
    IReadOnlyList<AnnotationSummary> Annotations,
    IReadOnlyDictionary<long, IReadOnlyList<AnswerFacts>> Answers,
    IReadOnlyDictionary<long, IReadOnlyList<int?>> Expected)
{
    /// <summary>The category "all bad", next to the signs of a comparison.</summary>
    const int AllBad = 2;

    /// <summary>Numbers for pairs of places, for items with at most nine responses.</summary>
    const int Places = 16;

    /// <summary>Annotations of ordinary items, without what is known of the responses.</summary>
    public static ProjectAnnotations Of(ProjectSettings settings, IEnumerable<Annotation> annotations) => new(settings,
        [.. annotations.Select(annotation => new AnnotationSummary
        {
            Item = annotation.Item, Person = annotation.Person, Adjudicates = annotation.Adjudicates, Outcome = annotation.Result.Outcome,
            Ranks = annotation.Result.Ranks, Strength = annotation.Result.Strength, Ratings = annotation.Result.Ratings,
            Shown = annotation.Shown, Seconds = annotation.Seconds, At = annotation.At,
        })],
        new Dictionary<long, IReadOnlyList<AnswerFacts>>(), new Dictionary<long, IReadOnlyList<int?>>());

    /// <summary>Annotations of ordinary items, without skips and adjudications.</summary>
    public IEnumerable<AnnotationSummary> Ordinary => Annotations.Where(IsOrdinary);

    static bool IsOrdinary(AnnotationSummary vote) =>
        vote is { Kind: ItemKind.Normal, Adjudicates: false } && vote.Outcome != Outcome.Skipped;

    /// <summary>How many categories annotators can choose from.</summary>
    public int Choices =>
        Settings.RatesOnly ? Settings.RatingLevels : 2 + (Settings.Ties && Settings.Task != TaskKind.BestWorst ? 1 : 0)
            + (Settings.AllBad ? 1 : 0);

    /// <summary>
    /// For every pair of an item's responses, which one is better: the first, the second, a tie, or both bad. In a project with ratings,
    /// the level of every response.
    /// </summary>
    public IEnumerable<Rating> Choice() => Ratings((vote, sign) => vote.Outcome == Outcome.AllBad ? AllBad : sign);

    /// <summary>The same on a scale from "second much better" to "first much better", with ties and both bad in the middle.</summary>
    public IEnumerable<Rating> Degree() =>
        Ratings((vote, sign) => sign * ((vote.Strength ?? 1) + (vote.Strength is not null && Settings.StrengthLevels == 4 ? 1 : 0)));

    /// <summary>The values that <see cref="Degree"/> may have.</summary>
    public IEnumerable<int> DegreeLevels
    {
        get
        {
            var most = Settings.StrengthLevels switch { 0 => 1, 7 => 3, _ => 4 };
            return Settings.RatesOnly ? Enumerable.Range(1, Settings.RatingLevels) : Enumerable.Range(-most, 2 * most + 1);
        }
    }

    /// <summary>Only comparisons with a winner.</summary>
    public IEnumerable<Rating> Preference()
    {
        foreach (var vote in Ordinary)
            foreach (var (first, second, sign) in vote.Pairs())
                if (sign != 0)
                    yield return OfPair(vote, first, second, sign);
    }

    /// <summary>The models, by name.</summary>
    public IReadOnlyList<string> Models() =>
        [.. Answers.Values.SelectMany(answers => answers).Select(answer => answer.Source).OfType<string>()
        .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>Every pair of responses by known models. An adjudication replaces the other decisions of its item.</summary>
    /// <param name="models">As <see cref="Models"/> lists them.</param>
    public IEnumerable<ModelComparison> Comparisons(IReadOnlyList<string> models)
    {
        var numbers = models.Index().ToDictionary(model => model.Item, model => model.Index, StringComparer.Ordinal);
        var settled = Annotations.Where(vote => vote.Adjudicates).Select(vote => vote.Item).ToHashSet();
        foreach (var vote in Annotations)
            if (vote.Adjudicates || (IsOrdinary(vote) && !settled.Contains(vote.Item)))
                foreach (var (first, second, sign) in vote.Pairs())
                {
                    var (a, b) = (Answers[vote.Item][first], Answers[vote.Item][second]);
                    if (a.Source is not null && b.Source is not null)
                        yield return new(vote.Item, numbers[a.Source], numbers[b.Source],
                            sign > 0 ? Winner.First : sign < 0 ? Winner.Second : Winner.Neither, a.Style, b.Style, vote.Person,
                            vote.ShowsFirst(first, second));
                }
    }

    IEnumerable<Rating> Ratings(Func<AnnotationSummary, int, int> value)
    {
        foreach (var vote in Ordinary)
            if (!Settings.RatesOnly)
                foreach (var (first, second, sign) in vote.Pairs())
                    yield return OfPair(vote, first, second, value(vote, sign));
            else
                for (var place = 0; place < vote.Ratings?.Count; place++)
                    if (vote.Ratings[place] is { } level)
                        yield return new(vote.Item, place, vote.Person, level);
    }

    static Rating OfPair(AnnotationSummary vote, int first, int second, int value) => OfPair(vote.Item, vote.Person, first, second, value);

    /// <summary>What somebody chose for a pair of places, the smaller place first.</summary>
    internal static Rating OfPair(long item, long person, int first, int second, int value) =>
        new(item, first * Places + second, person, value);

    /// <param name="connection">The connection.</param>
    /// <param name="project">The project.</param>
    /// <param name="answers">What to load of <see cref="Answers"/>.</param>
    /// <param name="person">
    /// The annotator whose own statistics are computed: only annotations of items that this annotator has decided are loaded, and attention
    /// checks count as ordinary items, since annotators must not be able to tell them apart. Null for everyone's statistics.
    /// </param>
    /// <param name="question">The question whose decisions are loaded; null for the first. Known ranks answer the first.</param>
    /// <exception cref="InvalidDataException">The project has no such question.</exception>
    internal static ProjectAnnotations Load(
        DbConnection connection, long project, AnswerDetail answers = AnswerDetail.Length, long? person = null, string? question = null)
    {
        var settings = connection.QuerySingle<ProjectSettings>("SELECT settings FROM project WHERE id = @project", new { project });
        var known = connection.Query<(long Item, ItemKind Kind, string Expected)>(
            "SELECT id, kind, expected FROM item WHERE project_id = @project AND kind <> 'Normal'", new { project }).ToList();
        var kinds = known.Where(item => person is null || item.Kind != ItemKind.Check).ToDictionary(item => item.Item, item => item.Kind);
        var key = settings.JudgmentKey(question);
        return new(settings, LoadVotes(connection, project, person, kinds, key),
            answers == AnswerDetail.Nothing ? [] : LoadAnswers(connection, project, person, answers == AnswerDetail.Style),
            known.ToDictionary(item => item.Item, item => (IReadOnlyList<int?>)JsonSerializer.Deserialize<int?[]>(item.Expected)!));
    }

    /// <summary>A condition for the items of one annotator; true where there is none.</summary>
    static string AreOwn(string item, long? person) => person is null ? "true" : $"""
        {item} IN (SELECT own.item_id FROM decision own
            WHERE own.project_id = @project AND own.person_id = @person AND own.adjudicates = 0)
        """;

    static List<AnnotationSummary> LoadVotes(
        DbConnection connection, long project, long? person, Dictionary<long, ItemKind> kinds, string? question)
    {
        var (lists, orders) = (new ParsedJson<int?[]>(), new ParsedJson<int[]>());
        var judgments = new ParsedJson<Dictionary<string, Judgment>>();
        var votes = new List<AnnotationSummary>();
        using var row = SqlDialect.Of(connection).Query(connection, $"""
            SELECT item_id, person_id, adjudicates, outcome, strength, seconds, decided_at, shown, ranks, ratings,
                {(question is null ? "NULL" : "judgments")}
            FROM decision {(person is null && HasManyDecisions(connection, project) ? SqlDialect.Of(connection).IndexedBy(null) : "")}
            WHERE project_id = @project AND {AreOwn("item_id", person)}
            """, new { project, person });
        while (row.Read())
        {
            var vote = new AnnotationSummary
            {
                Item = row.Long(0),
                Kind = kinds.GetValueOrDefault(row.Long(0)),
                Person = row.Long(1),
                Adjudicates = row.Int(2) != 0,
                Outcome = Enum.Parse<Outcome>(row.Text(3)),
                Strength = row.IntOrNull(4),
                Seconds = row.Double(5),
                At = DateTimeOffset.FromUnixTimeMilliseconds(row.Long(6)),
                Shown = orders.Parse(row.Text(7)),
                Ranks = row.TextOrNull(8) is { } ranks ? lists.Parse(ranks) : null,
                Ratings = row.TextOrNull(9) is { } ratings ? lists.Parse(ratings) : null,
            };
            if (question is null || vote is not { Kind: ItemKind.Normal, Outcome: not Outcome.Skipped })
                votes.Add(vote);
            else if (row.TextOrNull(10) is { } others && judgments.Parse(others).TryGetValue(question, out var own))
                votes.Add(vote with { Outcome = own.Outcome, Strength = own.Strength, Ranks = own.Ranks, Ratings = own.Ratings });
        }
        return [.. votes.OrderBy(vote => vote.Item)];
    }

    /// <summary>Whether to read the whole table: it is in the order of time, where the index leads to a row here and a row there.</summary>
    static bool HasManyDecisions(DbConnection connection, long project) => connection.ExecuteScalar<bool>(
        "SELECT 10 * decisions > (SELECT max(id) FROM decision) FROM progress WHERE project_id = @project", new { project });

    static Dictionary<long, IReadOnlyList<AnswerFacts>> LoadAnswers(
        DbConnection connection, long project, long? person, bool withStyle)
    {
        var answers = new Dictionary<long, IReadOnlyList<AnswerFacts>>();
        using var row = SqlDialect.Of(connection).Query(connection, $"""
            SELECT a.item_id, a.source, CASE WHEN substr(a.text, 1, 1) = '"' THEN length(a.text) - 2 END,
                {(withStyle ? "a.text" : "CASE WHEN substr(a.text, 1, 1) <> '\"' THEN a.text END")}
            FROM item i JOIN answer a ON a.item_id = i.id
            WHERE i.project_id = @project AND (i.decided > 0 OR i.id IN (SELECT item_id FROM decision WHERE adjudicates = 1))
                AND {AreOwn("i.id", person)}
            ORDER BY i.id, a.place
            """, new { project, person });
        while (row.Read())
        {
            if (!answers.TryGetValue(row.Long(0), out var ofItem))
                answers.Add(row.Long(0), ofItem = new List<AnswerFacts>(2));
            var length = row.IntOrNull(2) ?? LengthOfMessages(row.Text(3));
            ((List<AnswerFacts>)ofItem).Add(new(row.TextOrNull(1),
                withStyle ? ResponseStyle.FromMarkdown(Plain(row.Text(3)), length) : new(length)));
        }
        return answers;
    }

    /// <summary>The text of a response, or the contents of its messages.</summary>
    static string Plain(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.ValueKind == JsonValueKind.String ? document.RootElement.GetString()!
            : string.Join('\n', Contents(document));
    }

    static int LengthOfMessages(string json)
    {
        using var messages = JsonDocument.Parse(json);
        return Contents(messages).Sum(text => text?.EnumerateRunes().Count() ?? 0);
    }

    static IEnumerable<string?> Contents(JsonDocument messages) => messages.RootElement.EnumerateArray().Select(message =>
        message.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.String ? content.GetString() : null);
}
