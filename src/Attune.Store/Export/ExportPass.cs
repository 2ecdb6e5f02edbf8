using System.Buffers.Binary;
using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapper;

namespace Attune.Store.Export;

/// <summary>One pass over the decisions of a project: filters, counts, and writes rows.</summary>
sealed class ExportPass
{
    readonly DbConnection connection;
    readonly Project project;
    readonly ExportOptions options;
    readonly bool withTexts;
    readonly Dictionary<long, string> people;
    readonly HashSet<long> chosen;
    readonly HashSet<long>? accepted;
    readonly long? importer;
    readonly AbilityWeights? weights;
    readonly List<(string? Key, double Weight)> questions;
    readonly HashSet<long> continued;
    readonly List<ILookup<long, JudgeVote>> judgeVotes = [];     // for each question, by item
    readonly bool hasScores;             // whether rows are scores over all subsets of a prompt
    readonly Lazy<int> mostAnswers;

    ExportCounts counts = new();
    (long Agreeing, long Total) agreement;
    BestWorstCounts? scores;             // of the prompt whose subsets are being read
    readonly (HashSet<UInt128> Train, HashSet<UInt128> HeldOut) prompts = ([], []);

    /// <param name="connection">The connection.</param>
    /// <param name="project">The project.</param>
    /// <param name="options">What to export.</param>
    /// <param name="withTexts">Whether to read texts and sources of responses, which counting does not need.</param>
    public ExportPass(DbConnection connection, Project project, ExportOptions options, bool withTexts = true)
    {
        (this.connection, this.project, this.options, this.withTexts) = (connection, project, options, withTexts);
        people = connection.Query<(long Id, string Name)>("SELECT id, name FROM person")
            .ToDictionary(person => person.Id, person => person.Name);
        chosen = [.. people.Where(person => Trusted(person.Key, person.Value)).Select(person => person.Key)];
        questions = options.Questions.Count == 0 ? [(null, 1)]
            : [.. options.Questions.Select(question => (project.Settings.JudgmentKey(question.Key), question.Weight))];
        weights = options.ByAbility ? AbilityWeights.Load(connection, project, options.Questions is [var one] ? one.Key : null) : null;
        continued = options.Layout == ExportLayout.Conversations ? Dialogues.Continued(connection, project.Id) : [];
        if (options.Judges)
            judgeVotes = questions.ConvertAll(question => Judges.Load(connection, project, question.Key).ToLookup(vote => vote.Item));
        hasScores = project.Settings.Task == TaskKind.BestWorst && options.Layout == ExportLayout.Rankings;
        accepted = options.ReviewedOnly ? Reviews.Accepted(connection, project.Id) : null;
        importer = People.Find(connection, SpecialPerson.Imported)?.Id;
        mostAnswers = new(() => connection.ExecuteScalar<int>(
            "SELECT coalesce(max(place), -1) + 1 FROM answer "
            + "WHERE item_id IN (SELECT id FROM item WHERE project_id = @Id AND kind = 'Normal')", new { project.Id }));
    }

    /// <summary>The largest number of responses of an item.</summary>
    public int MostAnswers => mostAnswers.Value;

    /// <param name="write">Gets each row, and whether its prompt is held out.</param>
    public ExportCounts Run(Action<bool, Action<Stream>> write)
    {
        foreach (var (item, decisions) in Read())
            ExportItem(item, decisions, write);
        WriteScores(write);
        return counts with
        {
            Agreement = agreement.Total == 0 ? null : (double)agreement.Agreeing / agreement.Total,
            TrainPrompts = prompts.Train.Count,
            HeldOutPrompts = prompts.HeldOut.Count,
        };
    }

    /// <summary>Whether there is a row.</summary>
    public bool HasRows() => Read().Any(row =>
    {
        ExportItem(row.Item, row.Decisions, (_, _) => { });
        WriteScores((_, _) => { });
        return counts.TrainRows + counts.HeldOutRows > 0;
    });

    bool Trusted(long id, string name) =>
        (options.People.Count == 0 || options.People.Contains(name, StringComparer.OrdinalIgnoreCase))
        && (options.LeastRight <= 0 || KnownItemAccuracy.Load(connection, project.Id, id, ItemKind.Check).Share >= options.LeastRight);

    bool Counts(Annotation decision) =>
        chosen.Contains(decision.Person) && !(decision.At < options.From) && !(decision.At >= options.To)
        && (accepted is null || decision.Adjudicates || accepted.Contains(decision.Id))
        && (options.LeastStrength == 0 || decision.Result.Strength >= options.LeastStrength);

    void ExportItem(ExportedItem item, List<Annotation> all, Action<bool, Action<Stream>> write)
    {
        var byQuestion = questions.Select((question, i) => all.Select(decision => decision.For(question.Key)).OfType<Annotation>()
            .Concat(options.Judges ? JudgesOn(item, judgeVotes[i][item.Id]) : []).Where(Counts).ToList()).ToList();
        var decisions = byQuestion.MaxBy(own => own.Count)!;
        if (decisions.Count == 0 || continued.Contains(item.Id))
            return;
        counts = counts with { Items = counts.Items + 1 };
        if (options.Flagged != Flagged.Include
            && decisions.Exists(decision => decision.Result.Flags.Count > 0) != (options.Flagged == Flagged.Only))
        {
            counts = counts with { LeftOutByFlags = counts.LeftOutByFlags + 1 };
            return;
        }
        var votes = VotesOf(decisions);
        var adjudicated = votes.Exists(vote => vote.Adjudicates);
        if (!adjudicated && votes.Count < options.LeastDecisions
            && (options.LeastDecisions > 1 || options.Layout != ExportLayout.Csv))
        {
            counts = counts with { LeftOutByDecisions = counts.LeftOutByDecisions + 1 };
            return;
        }
        var comparisons = ComparisonsOf(item, votes, decisions) with
        {
            Questions = questions.Count == 1 ? []
                : [.. byQuestion.Zip(questions, (own, question) => (ComparisonsOf(item, VotesOf(own), own), question.Weight))],
        };
        var (agreeing, total) = comparisons.Agreement();
        if (total > 0 && (double)agreeing / total < options.LeastAgreement)
        {
            counts = counts with { LeftOutByAgreement = counts.LeftOutByAgreement + 1 };
            return;
        }
        if (comparisons.Rankings.Count > 1)
            agreement = (agreement.Agreeing + agreeing, agreement.Total + total);
        counts = counts with { Votes = counts.Votes + comparisons.Rankings.Count,
            Adjudicated = counts.Adjudicated + (adjudicated ? 1 : 0) };
        if (hasScores)
        {
            AddToScores(comparisons, write);
            return;
        }
        var before = counts.TrainRows + counts.HeldOutRows;
        foreach (var row in RowsOf(comparisons, decisions))
            WriteRow(item, row, write);
        if (before == counts.TrainRows + counts.HeldOutRows)
            counts = counts with { Undecided = counts.Undecided + 1 };
    }

    /// <summary>The votes of each judge on an item as a decision.</summary>
    static IEnumerable<Annotation> JudgesOn(ExportedItem item, IEnumerable<JudgeVote> votes) =>
        votes.GroupBy(vote => vote.Judge).Select(own => new Annotation
        {
            Item = item.Id,
            Person = own.Key,
            Result = new() { Ranks = JudgeDecision.Ranks(JudgeDecision.FromVotes(own), item.Answers.Count) },
            Shown = [.. Enumerable.Range(0, item.Answers.Count)],
            At = own.Max(vote => vote.At),
            Revision = 1,
        });

    /// <summary>The adjudication, or all decisions without skips where there is none.</summary>
    static List<Annotation> VotesOf(List<Annotation> decisions) =>
        decisions.Find(decision => decision.Adjudicates) is { } adjudication ? [adjudication]
        : decisions.FindAll(decision => decision.Result.Outcome != Outcome.Skipped);

    /// <summary>Adds the votes on a subset to those on the other subsets of its prompt, which are the items before it.</summary>
    void AddToScores(ItemComparisons comparisons, Action<bool, Action<Stream>> write)
    {
        var subset = Subset.FromExtra(comparisons.Item.Extra);
        var answers = comparisons.Item.Answers.Count;
        if (scores?.IsOf(subset?.Group) != true)
        {
            WriteScores(write);
            scores = new(subset?.Group, comparisons.Item, subset?.Of ?? answers);
        }
        scores.Add(comparisons, subset?.Places ?? [.. Enumerable.Range(0, answers)]);
    }

    void WriteScores(Action<bool, Action<Stream>> write)
    {
        if (scores is null)
            return;
        foreach (var row in JsonRows.Scored(scores))
            WriteRow(scores.Item, row, write);
        scores = null;
    }

    ItemComparisons ComparisonsOf(ExportedItem item, List<Annotation> votes, List<Annotation> decisions)
    {
        var imported = ImportedVotes.FromExtra(item.Extra);
        var ideals = options.IdealFirst
            || options.Layout is ExportLayout.Demonstrations or ExportLayout.Triples or ExportLayout.Conversations
            ? decisions.Select(decision => decision.Result.Ideal).OfType<string>().Distinct(StringComparer.Ordinal) : [];
        return new(
            item,
            [.. votes.Select(vote => AnnotatorRanking.FromAnnotation(vote, vote.Person == importer ? imported : null))],
            [.. ideals.Select(ideal => JsonSerializer.Serialize(ideal, SqlTypes.Json))])
            { Weights = votes.Exists(vote => vote.Adjudicates) ? null : weights };
    }

    IEnumerable<Action<Stream>> RowsOf(ItemComparisons comparisons, List<Annotation> decisions)
    {
        if (options.Layout == ExportLayout.Csv)
            return decisions.Select(decision => CsvRows.CreateRow(comparisons.Item, decision, people[decision.Person], MostAnswers));
        if ((options.Layout == ExportLayout.Steps) != (project.Settings.Task == TaskKind.Steps))
            return [];     // steps are no responses of which one is better
        if (!options.EachVote || options.Layout is ExportLayout.Demonstrations or ExportLayout.Conversations)
            return JsonRows.CreateRows(options.Layout, comparisons);
        return comparisons.Rankings.SelectMany((vote, i) => JsonRows.CreateRows(options.Layout, comparisons with
        {
            Rankings = [vote], Ideals = i == 0 || options.Layout == ExportLayout.Triples ? comparisons.Ideals : [],
        }));
    }

    void WriteRow(ExportedItem item, Action<Stream> row, Action<bool, Action<Stream>> write)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{options.Seed}\n{Opening(item.Prompt)}"));
        var heldOut = options.Layout != ExportLayout.Csv && BinaryPrimitives.ReadUInt64BigEndian(hash) / Math.Pow(2, 64) < options.HeldOut;
        (heldOut ? prompts.HeldOut : prompts.Train).Add(BinaryPrimitives.ReadUInt128BigEndian(hash));
        counts = heldOut ? counts with { HeldOutRows = counts.HeldOutRows + 1 } : counts with { TrainRows = counts.TrainRows + 1 };
        write(heldOut, row);
    }

    /// <summary>
    /// What decides whether a row is held out: of a conversation with models its beginning, so all of its turns are on one side.
    /// </summary>
    string Opening(string prompt)
    {
        if (project.Settings.Task != TaskKind.Dialogue)
            return prompt;
        var opening = JsonNode.Parse(prompt)!.AsArray().TakeWhile(message => $"{message!["role"]}" != "assistant");
        return string.Concat(opening.Select(message => message!.ToJsonString()));
    }

    /// <summary>Ordinary items with all decisions about them, by id.</summary>
    IEnumerable<(ExportedItem Item, List<Annotation> Decisions)> Read()
    {
        using var decisions = Annotations.ForProject(connection, project.Id).GetEnumerator();
        var more = decisions.MoveNext();
        foreach (var item in Items())
        {
            var about = new List<Annotation>();
            for (; more && decisions.Current.Item == item.Id; more = decisions.MoveNext())
                about.Add(decisions.Current);
            about.Sort((one, other) => one.Id.CompareTo(other.Id));
            yield return (item, about);
        }
    }

    IEnumerable<ExportedItem> Items() => withTexts ? ItemsWithTexts() : ItemsWithoutTexts();

    string Decided => "i.project_id = @Id AND i.kind = 'Normal' AND (EXISTS (SELECT 1 FROM decision d WHERE d.item_id = i.id)"
        + (options.Judges ? " OR EXISTS (SELECT 1 FROM judge_vote v WHERE v.item_id = i.id))" : ")");

    IEnumerable<ExportedItem> ItemsWithoutTexts()
    {
        using var row = SqlDialect.Of(connection).Query(connection, $"""
            SELECT i.id, i.prompt, i.extra, (SELECT count(*) FROM answer a WHERE a.item_id = i.id) FROM item i
            WHERE {Decided} ORDER BY i.id
            """, new { project.Id });
        while (row.Read())
            yield return Create(row, [.. Enumerable.Repeat(("", (string?)null), row.Int(3))]);
    }

    IEnumerable<ExportedItem> ItemsWithTexts()
    {
        using var row = SqlDialect.Of(connection).Query(connection, $"""
            SELECT i.id, i.prompt, i.extra, a.text, a.source FROM item i LEFT JOIN answer a ON a.item_id = i.id
            WHERE {Decided} ORDER BY i.id, a.place
            """, new { project.Id });
        ExportedItem? item = null;
        var answers = new List<(string, string?)>();
        while (row.Read())
        {
            if (item?.Id != row.Long(0))
            {
                if (item is not null)
                    yield return item;
                item = Create(row, answers = []);
            }
            if (row.TextOrNull(3) is { } text)
                answers.Add((text, row.TextOrNull(4)));
        }
        if (item is not null)
            yield return item;
    }

    ExportedItem Create(Rows row, IReadOnlyList<(string, string?)> answers) =>
        new(row.Long(0), row.Text(1), row.TextOrNull(2), project.Settings.RatingLevels, answers) { OtherFields = options.OtherFields };
}
