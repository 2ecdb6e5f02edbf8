using System.Data.Common;
using Dapper;

namespace Attune.Store;

/// <summary>Items on which annotators disagree, and the reviewers' decisions that replace their votes.</summary>
public sealed class Adjudications
{
    /// <summary>The largest number that <see cref="Waiting"/> returns: this many or more.</summary>
    public const int MostWaiting = 1000;

    /// <summary>An ordinary item with two or more different decisions and no adjudication. Strengths may differ.</summary>
    static string Disputed(DbConnection connection) => $"""
        i.project_id = @project AND i.kind = 'Normal' AND i.decided >= 2
        AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.item_id = i.id AND d.adjudicates = 1)
        AND (SELECT count(DISTINCT outcome || coalesce(ranks, ratings, '') ||
                CASE WHEN judgments IS NULL THEN '' ELSE {SqlDialect.Of(connection).ChoicesOf("judgments")} END) FROM decision d
             WHERE d.item_id = i.id AND d.adjudicates = 0 AND d.outcome <> 'Skipped') > 1
        """;

    readonly Database database;
    readonly TimeProvider time;

    internal Adjudications(Database database, TimeProvider time) => (this.database, this.time) = (database, time);

    /// <summary>How many items need adjudication, counted up to <see cref="MostWaiting"/>.</summary>
    public int Waiting(long project) => database.Read(connection => connection.ExecuteScalar<int>(
        $"SELECT count(*) FROM (SELECT 1 FROM item i WHERE {Disputed(connection)} LIMIT {MostWaiting}) disputed", new { project }));

    /// <summary>The first item after another one that needs adjudication; null when there is none.</summary>
    public long? Next(long project, long after = 0) => database.Read(connection => connection.QueryFirstOrDefault<long?>(
        $"SELECT i.id FROM item i WHERE {Disputed(connection)} AND i.id > @after ORDER BY i.id LIMIT 1", new { project, after }));

    /// <summary>The latest adjudications, newest first.</summary>
    public IReadOnlyList<(long Item, string Reviewer, DateTimeOffset At)> Newest(long project, int count) => database.Read(connection =>
        connection.Query<(long Item, string Reviewer, DateTimeOffset At)>($"""
            SELECT d.item_id, p.name, d.decided_at FROM decision d {SqlDialect.Of(connection).IndexedBy("adjudication")}
            JOIN person p ON p.id = d.person_id
            WHERE d.project_id = @project AND d.adjudicates = 1 ORDER BY d.id DESC LIMIT @count
            """, new { project, count }).AsList());

    /// <summary>Saves a reviewer's decision that replaces the votes, or an earlier adjudication.</summary>
    /// <param name="project">The project of the item.</param>
    /// <param name="reviewer">The reviewer.</param>
    /// <param name="item">An ordinary item of the project.</param>
    /// <param name="verdict">The decision, by place.</param>
    /// <param name="seen">The id of the adjudication that the reviewer saw; 0 for none.</param>
    /// <exception cref="InvalidDataException">
    /// The item does not exist, the decision does not match the project's settings, or another reviewer has adjudicated the item in the
    /// meantime.
    /// </exception>
    public void Decide(Project project, long reviewer, long item, AnnotationResult verdict, long seen) =>
        database.Write(connection => Save(connection, time, project, reviewer, item, verdict, seen));

    /// <summary>Like <see cref="Decide"/>, within a transaction.</summary>
    internal static void Save(
        DbConnection connection, TimeProvider time, Project project, long reviewer, long item, AnnotationResult verdict, long seen)
    {
        if (Items.Load(connection, project.Id, item) is not { Kind: ItemKind.Normal } found)
            throw new InvalidDataException("there is no such item to adjudicate");
        if (verdict.Outcome == Outcome.Skipped)
            throw new InvalidDataException("choose a decision, or go to the next item without one");
        var was = Annotations.Find(connection, "item_id = @item AND adjudicates = 1", new { item });
        if ((was?.Id ?? 0) != seen)
            throw new InvalidDataException("another reviewer has decided this item in the meantime; reload the page to see the decision");
        var decision = new Annotation
        {
            Item = item,
            Person = reviewer,
            Adjudicates = true,
            Result = AnnotationRules.Checked(verdict, project.Settings, found.Answers.Count),
            Shown = [.. Enumerable.Range(0, found.Answers.Count)],
            At = time.GetUtcNow(),
        };
        connection.Execute("DELETE FROM decision WHERE item_id = @item AND adjudicates = 1", new { item });
        Annotations.Insert(connection, project.Id, decision, Guid.NewGuid().ToString("N"));
        AuditTrail.Append(connection, time, reviewer, project.Id, "settled", $"item {item}",
            new { was = was?.Result, now = decision.Result });
    }
}
