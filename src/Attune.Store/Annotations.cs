using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Attune.Store;

/// <summary>A verdict on its way in.</summary>
/// <param name="Token">Of the showing.</param>
/// <param name="Verdict">As shown.</param>
/// <param name="Seconds">Spent, idle time excluded.</param>
public sealed record Submission(string Token, AnnotationResult Verdict, double Seconds);

/// <summary>That a decision is on disk.</summary>
/// <param name="Annotation">As it is kept.</param>
/// <param name="Item">What it is about; of a calibration item the known ranks may now be shown.</param>
public sealed record SavedAnnotation(Annotation Annotation, Item Item);

/// <summary>What people decided: taken once each, changed and withdrawn with a trace.</summary>
public sealed class Annotations
{
    /// <summary>Those of the decision, and from <c>outcome</c> on those of its verdict.</summary>
    const string Columns = """
        id, item_id AS Item, person_id AS Person, adjudicates, shown, seconds, decided_at AS At, revision,
        outcome, ranks, strength, ratings, flags, rationale, ideal, skip_reason AS SkipReason
        """;

    readonly Database database;
    readonly TimeProvider time;

    internal Annotations(Database database, TimeProvider time) => (this.database, this.time) = (database, time);

    /// <summary>Takes a decision. One that was taken before, by its token, is given back as it is.</summary>
    /// <returns>Null where nothing with this token waits for this person.</returns>
    /// <exception cref="InvalidDataException">The verdict does not fit the project.</exception>
    public SavedAnnotation? Submit(Project project, long person, Submission submission) => database.Write(connection =>
    {
        if (Find(connection, "token = @token AND person_id = @person AND project_id = @project", new { token = submission.Token, person, project = project.Id }) is { } known)
            return new SavedAnnotation(known, Items.Load(connection, project.Id, known.Item)!);
        var lease = connection.QuerySingleOrDefault<(long Item, string Shown, long GivenAt)?>("""
            SELECT item_id, shown, given_at FROM lease JOIN item ON item.id = item_id WHERE token = @token AND person_id = @person AND project_id = @project
            """, new { token = submission.Token, person, project = project.Id });
        if (lease is null)
            return null;
        var shown = JsonSerializer.Deserialize<int[]>(lease.Value.Shown)!;
        var verdict = AnnotationRules.Checked(submission.Verdict, project.Settings, shown.Length).ByPlace(shown);
        var now = time.GetUtcNow();
        var seconds = double.IsFinite(submission.Seconds) ? Math.Clamp(submission.Seconds, 0, (now.ToMilliseconds() - lease.Value.GivenAt) / 1000.0) : 0;
        var decision = new Annotation { Item = lease.Value.Item, Person = person, Result = verdict, Shown = shown, Seconds = seconds, At = now, Revision = 1 };
        decision = decision with { Id = Insert(connection, project.Id, decision, submission.Token) };
        connection.Execute("DELETE FROM lease WHERE token = @token", new { token = submission.Token });
        Note(connection, project.Id, person, "decided", decision.Item, verdict);
        return new SavedAnnotation(decision, Items.Load(connection, project.Id, decision.Item)!);
    });

    /// <summary>
    /// Withdraws a person's last decision; the item is theirs again, shown as it was. A calibration item, whose answer they have seen, stays.
    /// </summary>
    /// <returns>The decision that was; null where there is nothing to undo.</returns>
    public Annotation? Undo(Project project, long person) => database.Write(connection =>
    {
        var last = Find(connection, """
            id = (SELECT d.id FROM decision d JOIN item i ON i.id = d.item_id
                  WHERE d.project_id = @project AND d.person_id = @person AND d.adjudicates = 0 AND i.kind <> 'Calibration' ORDER BY d.id DESC LIMIT 1)
            """, new { project = project.Id, person });
        if (last is null)
            return null;
        var now = time.GetUtcNow();
        connection.Execute("""
            INSERT INTO lease (item_id, person_id, token, shown, turn, given_at, expires_at)
            SELECT @Item, @person, @token, @Shown, coalesce(min(turn), 0) - 1, @since, @until FROM lease WHERE person_id = @person
            """, new
        {
            last.Item, person, token = Guid.NewGuid().ToString("N"), last.Shown, since = now.AddSeconds(-last.Seconds), until = now.AddMinutes(project.Settings.LeaseMinutes),
        });
        connection.Execute("DELETE FROM decision WHERE id = @Id", new { last.Id });
        Note(connection, project.Id, person, "withdrew", last.Item, last.Result);
        return last;
    });

    /// <summary>Changes a decision of the person's own.</summary>
    /// <param name="project">Its project.</param>
    /// <param name="person">Who made it.</param>
    /// <param name="id">The decision.</param>
    /// <param name="revision">The revision that was edited: nothing happens to a newer one.</param>
    /// <param name="edited">As shown.</param>
    /// <returns>As it is now; null where there is no such decision of this revision, or it is about a calibration item.</returns>
    /// <exception cref="InvalidDataException">The verdict does not fit the project.</exception>
    public SavedAnnotation? Edit(Project project, long person, long id, int revision, AnnotationResult edited) => database.Write(connection =>
    {
        var was = Find(connection, "id = @id AND project_id = @project AND person_id = @person AND adjudicates = 0", new { id, project = project.Id, person });
        if (was is null || Items.Load(connection, project.Id, was.Item) is not { Kind: not ItemKind.Calibration })
            return null;
        var verdict = AnnotationRules.Checked(edited, project.Settings, was.Shown.Count).ByPlace(was.Shown);
        if (was.Revision == revision)
        {
            connection.Execute("""
                UPDATE decision SET outcome = @outcome, ranks = @Ranks, strength = @Strength, ratings = @Ratings, flags = @Flags, rationale = @Rationale,
                    ideal = @Ideal, skip_reason = @SkipReason, revision = revision + 1 WHERE id = @id
                """, new
            {
                id, outcome = verdict.Outcome.ToString(), verdict.Ranks, verdict.Strength, verdict.Ratings, verdict.Flags, verdict.Rationale, verdict.Ideal, verdict.SkipReason,
            });
            Note(connection, project.Id, person, "edited", was.Item, new { was = was.Result, now = verdict });
        }
        else if (was.Revision != revision + 1 || !Same(was.Result, verdict))
            return null;
        return new SavedAnnotation(Find(connection, "id = @id", new { id })!, Items.Load(connection, project.Id, was.Item)!);
    });

    /// <summary>The newest decisions of a person, the last first.</summary>
    public IReadOnlyList<Annotation> Recent(long project, long person, int count) => Where(
        "project_id = @project AND person_id = @person AND adjudicates = 0 ORDER BY id DESC LIMIT @count", new { project, person, count });

    public Annotation? Find(long project, long id) => Where("id = @id AND project_id = @project", new { id, project }).SingleOrDefault();

    /// <summary>All decisions about an item, skips and adjudication included.</summary>
    public IReadOnlyList<Annotation> ForItem(long project, long item) => Where("item_id = @item AND project_id = @project ORDER BY id", new { item, project });

    /// <summary>How many decisions a person has made, skips included.</summary>
    public long CountOf(long project, long person) => database.Read(connection => connection.ExecuteScalar<long>(
        "SELECT count(*) FROM decision WHERE project_id = @project AND person_id = @person AND adjudicates = 0", new { project, person }));

    /// <summary>All decisions about the ordinary items of a project, skips and adjudications included, by item; read as they are asked for.</summary>
    internal static IEnumerable<Annotation> ForProject(SqliteConnection connection, long project) => Read(
        connection, "item_id IN (SELECT id FROM item WHERE project_id = @project AND kind = 'Normal') ORDER BY item_id, id", new { project }, buffered: false);

    IReadOnlyList<Annotation> Where(string condition, object parameters) => database.Read(connection => Read(connection, condition, parameters).AsList());

    internal static Annotation? Find(SqliteConnection connection, string condition, object parameters) => Read(connection, condition, parameters).SingleOrDefault();

    static IEnumerable<Annotation> Read(SqliteConnection connection, string condition, object parameters, bool buffered = true) =>
        connection.Query<Annotation, AnnotationResult, Annotation>(
            $"SELECT {Columns} FROM decision WHERE {condition}", (decision, verdict) => decision with { Result = verdict }, parameters, buffered: buffered, splitOn: "outcome");

    internal static long Insert(SqliteConnection connection, long project, Annotation decision, string token) => connection.ExecuteScalar<long>("""
        INSERT INTO decision (project_id, item_id, person_id, adjudicates, token, outcome, ranks, strength, ratings, flags, rationale, ideal, skip_reason, shown, seconds, decided_at)
        VALUES (@project, @Item, @Person, @Adjudicates, @token, @outcome, @Ranks, @Strength, @Ratings, @Flags, @Rationale, @Ideal, @SkipReason, @Shown, @Seconds, @At) RETURNING id
        """, new
    {
        project, token, decision.Item, decision.Person, decision.Adjudicates, decision.Shown, decision.Seconds, decision.At,
        outcome = decision.Result.Outcome.ToString(), decision.Result.Ranks, decision.Result.Strength, decision.Result.Ratings,
        decision.Result.Flags, decision.Result.Rationale, decision.Result.Ideal, decision.Result.SkipReason,
    });

    void Note(SqliteConnection connection, long project, long person, string action, long item, object details) =>
        AuditTrail.Append(connection, time, person, project, action, $"item {item}", details);

    static bool Same(AnnotationResult one, AnnotationResult other) => JsonSerializer.Serialize(one, SqlTypes.Json) == JsonSerializer.Serialize(other, SqlTypes.Json);
}
