using System.Data.Common;
using Attune.Text;
using Dapper;

namespace Attune.Store;

/// <summary>Votes of judges: models that compare responses. They do not count as decisions of people.</summary>
public sealed class Judges
{
    readonly Database database;
    readonly TimeProvider time;

    internal Judges(Database database, TimeProvider time) => (this.database, this.time) = (database, time);

    /// <summary>Ordinary items with two responses or more on which a judge has no vote.</summary>
    /// <param name="project">The project.</param>
    /// <param name="judge">The judge.</param>
    /// <param name="question">The question; null for the first.</param>
    /// <param name="count">The most items.</param>
    /// <exception cref="InvalidDataException">The project has no such question.</exception>
    public IReadOnlyList<Item> Next(Project project, long judge, string? question, int count) => database.Read(connection =>
    {
        var items = connection.Query<long>("""
            SELECT i.id FROM item i WHERE i.project_id = @project AND i.kind = 'Normal'
              AND (SELECT count(*) FROM answer a WHERE a.item_id = i.id) > 1
              AND NOT EXISTS (SELECT 1 FROM judge_vote v WHERE v.item_id = i.id AND v.person_id = @judge AND v.question = @key)
            ORDER BY i.id LIMIT @count
            """, new { project = project.Id, judge, key = project.Settings.JudgmentKey(question) ?? "", count }).ToList();
        return items.ConvertAll(item => Items.Load(connection, project.Id, item)!);
    });

    /// <summary>Saves votes; those on a pair in an order that has one replace it.</summary>
    /// <param name="project">The project.</param>
    /// <param name="votes">Votes of one judge on items of the project.</param>
    /// <param name="question">The question; null for the first.</param>
    /// <param name="by">Who asked the judge.</param>
    /// <exception cref="InvalidDataException">The project has no such question or item, or a preference is not from 0 to 1.</exception>
    public void Add(Project project, IReadOnlyCollection<JudgeVote> votes, string? question, long by) => database.Write(connection =>
    {
        if (votes.FirstOrDefault(vote => vote.Preference is not (>= 0 and <= 1)) is { } invalid)
            throw new InvalidDataException($"a preference must be from 0 to 1 (was {invalid.Preference} for item {invalid.Item})");
        var items = votes.Select(vote => vote.Item).Distinct().ToList();
        if (items.Exists(item => Items.Load(connection, project.Id, item) is null))
            throw new InvalidDataException("a vote is about an item that is not in this project");
        var (key, now) = (project.Settings.JudgmentKey(question) ?? "", time.GetUtcNow());
        connection.Execute("""
            INSERT INTO judge_vote (item_id, person_id, question, shown, other, preference, judged_at)
            VALUES (@Item, @Judge, @key, @Shown, @Other, @Preference, @now)
            ON CONFLICT (item_id, person_id, question, shown, other)
            DO UPDATE SET preference = excluded.preference, judged_at = excluded.judged_at
            """, votes.Select(vote => new { vote.Item, vote.Judge, key, vote.Shown, vote.Other, vote.Preference, now }));
        AuditTrail.Append(connection, time, by, project.Id, "judged", Quantity.Of(items.Count, "item"),
            new { judges = votes.Select(vote => vote.Judge).Distinct(), question });
    });

    /// <summary>All votes of judges in a project on one question.</summary>
    /// <exception cref="InvalidDataException">The project has no such question.</exception>
    public IReadOnlyList<JudgeVote> Votes(Project project, string? question = null) =>
        database.Read(connection => Load(connection, project, project.Settings.JudgmentKey(question)));

    /// <param name="connection">The connection.</param>
    /// <param name="project">The project.</param>
    /// <param name="key">The key of a question as in <see cref="AnnotationResult.Judgments"/>; null for the first.</param>
    internal static IReadOnlyList<JudgeVote> Load(DbConnection connection, Project project, string? key) =>
        [.. connection.Query<(long Item, long Judge, int Shown, int Other, double Preference, long At)>("""
            SELECT v.item_id, v.person_id, v.shown, v.other, v.preference, v.judged_at
            FROM item i JOIN judge_vote v ON v.item_id = i.id
            WHERE i.project_id = @project AND v.question = @key ORDER BY v.item_id, v.person_id, v.shown, v.other
            """, new { project = project.Id, key = key ?? "" })
            .Select(vote => new JudgeVote(vote.Item, vote.Judge, vote.Shown, vote.Other, vote.Preference)
            {
                At = DateTimeOffset.FromUnixTimeMilliseconds(vote.At),
            })];
}
