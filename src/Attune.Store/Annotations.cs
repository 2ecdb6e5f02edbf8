using System.Data.Common;
using System.Text.Json;
using Dapper;

namespace Attune.Store;

/// <summary>An annotation that an annotator sends.</summary>
/// <param name="Token">The token of the assigned item.</param>
/// <param name="Verdict">The decision, in the order shown.</param>
/// <param name="Seconds">Time spent, without idle time.</param>
public sealed record Submission(string Token, AnnotationResult Verdict, double Seconds);

/// <summary>An annotation that is on disk.</summary>
/// <param name="Annotation">The annotation as the store keeps it.</param>
/// <param name="Item">Its item; the known ranks of a calibration item may now be shown.</param>
/// <param name="Differs">Whether it is not the decision that was sent: an earlier or a newer one is kept.</param>
public sealed record SavedAnnotation(Annotation Annotation, Item Item, bool Differs = false);

/// <summary>A decision that was withdrawn, and its item, which is assigned to the annotator again.</summary>
public sealed record WithdrawnAnnotation(Annotation Annotation, AssignedItem Item);

/// <summary>The annotations: each is counted once, and every change is in the audit trail.</summary>
public sealed class Annotations
{
    /// <summary>The columns of an annotation; those from <c>outcome</c> on are its result.</summary>
    const string Columns = """
        id, item_id AS Item, person_id AS Person, adjudicates, shown, seconds, decided_at AS At, revision,
        outcome, ranks, strength, ratings, flags, rationale, ideal, skip_reason AS SkipReason, judgments
        """;

    const int LongestPrompt = 100_000;

    readonly Database database;
    readonly TimeProvider time;

    internal Annotations(Database database, TimeProvider time) => (this.database, this.time) = (database, time);

    /// <summary>
    /// Saves an annotation. A token that was submitted before changes nothing and returns the annotation that is kept, which may differ.
    /// </summary>
    /// <returns>Null where no item with this token is assigned to the person.</returns>
    /// <exception cref="InvalidDataException">The decision does not match the project's settings.</exception>
    public SavedAnnotation? Submit(Project project, long person, Submission submission) =>
        database.Write(connection => Save(connection, project, person, submission));

    /// <summary>Like <see cref="Submit"/>, without a thread that waits for the disk.</summary>
    public Task<SavedAnnotation?> SubmitAsync(Project project, long person, Submission submission) =>
        database.WriteAsync(connection => Save(connection, project, person, submission));

    SavedAnnotation? Save(DbConnection connection, Project project, long person, Submission submission)
    {
        if (Find(connection, "token = @token AND person_id = @person AND project_id = @project",
            new { token = submission.Token, person, project = project.Id }) is { } known)
            return new SavedAnnotation(known, Items.Load(connection, project.Id, known.Item)!,
                !AnnotationRules.HasSameContent(known, submission.Verdict));
        var lease = connection.QuerySingleOrDefault<(long Item, string Shown, long GivenAt)?>("""
            SELECT item_id, shown, given_at FROM lease JOIN item ON item.id = item_id
            WHERE token = @token AND person_id = @person AND project_id = @project
            """, new { token = submission.Token, person, project = project.Id });
        if (lease is null)
            return null;
        var shown = JsonSerializer.Deserialize<int[]>(lease.Value.Shown)!;
        var verdict = AnnotationRules.Checked(submission.Verdict, project.Settings, shown.Length).ByPlace(shown);
        var now = time.GetUtcNow();
        var passed = Math.Max(0, now.ToMilliseconds() - lease.Value.GivenAt) / 1000.0;     // the clock may have been set back
        var seconds = double.IsFinite(submission.Seconds) ? Math.Clamp(submission.Seconds, 0, passed) : 0;
        var decision = new Annotation { Item = lease.Value.Item, Person = person, Result = verdict, Shown = shown, Seconds = seconds,
            At = now, Revision = 1 };
        decision = decision with { Id = Insert(connection, project.Id, decision, submission.Token) };
        connection.Execute("DELETE FROM lease WHERE token = @token", new { token = submission.Token });
        AppendAudit(connection, project.Id, person, "decided", decision.Item, verdict);
        Normings.CloseComplete(connection, time, decision.Item);
        return new SavedAnnotation(decision, Items.Load(connection, project.Id, decision.Item)!);
    }

    /// <summary>Saves a prompt and the ideal response to it, both written by a person. A second call with the same token changes
    /// nothing.</summary>
    /// <exception cref="InvalidDataException">A text is empty or too long, or the project does not collect demonstrations.</exception>
    public void Demonstrate(Project project, long person, string prompt, string response, string token, double seconds)
    {
        database.Write(connection => SaveOwn(connection, project, person, prompt, response, token, seconds));
        Items.Arrange(database, project.Id);
    }

    void SaveOwn(DbConnection connection, Project project, long person, string prompt, string response, string token, double seconds)
    {
        if (project.Archived || project.Settings.Task != TaskKind.Demonstration)
            throw new InvalidDataException("this project does not collect demonstrations");
        if (prompt.Trim().Length is 0 or > LongestPrompt)
            throw new InvalidDataException($"a prompt must have 1 to {LongestPrompt:N0} characters (was {prompt.Trim().Length:N0})");
        if (Find(connection, "token = @token", new { token }) is not null)
            return;
        var result = AnnotationRules.Checked(new() { Ranks = [], Ideal = response }, project.Settings, answers: 0);
        var item = Items.Insert(connection, project.Id, [new Item { Prompt = prompt.Trim(), Answers = [] }]);
        Insert(connection, project.Id, new()
        {
            Item = item, Person = person, Result = result, Shown = [], Seconds = seconds, At = time.GetUtcNow(),
        }, token);
        Items.EndAdding(connection, project.Id);
        AppendAudit(connection, project.Id, person, "decided", item, result);
    }

    /// <summary>The latest decision of a person that <see cref="Undo"/> can withdraw; null where there is none.</summary>
    public long? Last(long project, long person) => database.Read(connection => connection.QueryFirstOrDefault<long?>("""
        SELECT d.id FROM decision d JOIN item i ON i.id = d.item_id
        WHERE d.project_id = @project AND d.person_id = @person AND d.adjudicates = 0 AND i.kind <> 'Calibration'
        ORDER BY d.id DESC LIMIT 1
        """, new { project, person }));

    /// <summary>
    /// Withdraws one of a person's decisions and assigns the item to them again, shown as before. A second call for the same
    /// decision changes nothing and returns the same.
    /// </summary>
    /// <param name="project">The project of the decision.</param>
    /// <param name="person">The annotator.</param>
    /// <param name="id">The id of the decision.</param>
    /// <returns>
    /// Null where there is no such decision, or it is about a calibration item, whose known ranks were shown; and where it was withdrawn
    /// and the item was decided again.
    /// </returns>
    /// <exception cref="InvalidDataException">The project is archived, or it is about conversations.</exception>
    public WithdrawnAnnotation? Undo(Project project, long person, long id) => database.Write(connection =>
    {
        if (project.Archived)
            throw new InvalidDataException("this project is archived, so decisions cannot be withdrawn");
        if (project.Settings.Task == TaskKind.Dialogue)
            throw new InvalidDataException("a choice in a conversation is changed on its page");
        if (Withdrawn(connection, project, person, id) is { } before)
            return before;
        if (Find(connection, "id = @id AND project_id = @project AND person_id = @person AND adjudicates = 0",
                new { id, project = project.Id, person }) is not { } was
            || Items.Load(connection, project.Id, was.Item) is not { Kind: not ItemKind.Calibration })
            return null;
        var now = time.GetUtcNow();
        connection.Execute("""
            INSERT INTO lease (item_id, person_id, token, shown, turn, given_at, expires_at, withdrawn)
            SELECT @Item, @person, @token, @Shown, coalesce(min(turn), 0) - 1, @since, @until, @withdrawn FROM lease
            WHERE person_id = @person
            """, new
        {
            was.Item, person, token = Guid.NewGuid().ToString("N"), was.Shown, since = now.AddSeconds(-was.Seconds),
            until = now.AddMinutes(project.Settings.LeaseMinutes), withdrawn = SqlTypes.ToJson(was),
        });
        connection.Execute("DELETE FROM decision WHERE id = @id", new { id });
        AppendAudit(connection, project.Id, person, "withdrew", was.Item, was.Result);
        return Withdrawn(connection, project, person, id);
    });

    static WithdrawnAnnotation? Withdrawn(DbConnection connection, Project project, long person, long id)
    {
        var (item, token, was) = connection.Query<(long Item, string Token, string Withdrawn)>("""
            SELECT item_id, token, withdrawn FROM lease
            WHERE person_id = @person AND withdrawn IS NOT NULL
            """, new { person })
            .Select(lease => (lease.Item, lease.Token, Was: JsonSerializer.Deserialize<Annotation>(lease.Withdrawn, SqlTypes.Json)!))
            .FirstOrDefault(lease => lease.Was.Id == id);
        return was is not null && Items.Load(connection, project.Id, item) is { } found
            ? new(was, AssignedItem.Create(found, token, was.Shown)) : null;
    }

    /// <summary>Changes one of a person's own decisions.</summary>
    /// <param name="project">The project of the decision.</param>
    /// <param name="person">The annotator.</param>
    /// <param name="id">The id of the decision.</param>
    /// <param name="revision">The revision that was edited; a newer one is not changed.</param>
    /// <param name="edited">The new decision, in the order shown.</param>
    /// <returns>
    /// The decision that is kept, which differs where it had another revision; null where there is no such decision, or it is about a
    /// calibration item.
    /// </returns>
    /// <exception cref="InvalidDataException">The decision does not match the project's settings.</exception>
    public SavedAnnotation? Edit(Project project, long person, long id, int revision, AnnotationResult edited) =>
        database.Write(connection =>
    {
        var was = Find(connection, "id = @id AND project_id = @project AND person_id = @person AND adjudicates = 0",
            new { id, project = project.Id, person });
        if (was is null || Items.Load(connection, project.Id, was.Item) is not { Kind: not ItemKind.Calibration })
            return null;
        var verdict = AnnotationRules.Checked(edited, project.Settings, was.Shown.Count).ByPlace(was.Shown);
        if (was.Revision == revision)
        {
            connection.Execute("""
                UPDATE decision SET outcome = @outcome, ranks = @Ranks, strength = @Strength, ratings = @Ratings, flags = @Flags,
                  rationale = @Rationale, ideal = @Ideal, skip_reason = @SkipReason, judgments = @Judgments, revision = revision + 1
                WHERE id = @id
                """, new
            {
                id, outcome = verdict.Outcome.ToString(), verdict.Ranks, verdict.Strength, verdict.Ratings, verdict.Flags,
                verdict.Rationale, verdict.Ideal, verdict.SkipReason, verdict.Judgments,
            });
            AppendAudit(connection, project.Id, person, "edited", was.Item, new { was = was.Result, now = verdict });
        }
        var kept = Find(connection, "id = @id", new { id })!;
        return new SavedAnnotation(kept, Items.Load(connection, project.Id, was.Item)!,
            Differs: kept.Revision != revision + 1 || !AnnotationRules.HasSameContent(kept, edited));
    });

    /// <summary>A person's latest decisions, newest first.</summary>
    public IReadOnlyList<Annotation> Recent(long project, long person, int count) => Where(
        "project_id = @project AND person_id = @person AND adjudicates = 0 ORDER BY id DESC LIMIT @count", new { project, person, count });

    public Annotation? Find(long project, long id) => Where("id = @id AND project_id = @project", new { id, project }).SingleOrDefault();

    /// <summary>All decisions about an item, including skips and adjudication.</summary>
    public IReadOnlyList<Annotation> ForItem(long project, long item) =>
        Where("item_id = @item AND project_id = @project ORDER BY id", new { item, project });

    /// <summary>How many decisions a person has made, including skips.</summary>
    public long CountOf(long project, long person) => database.Read(connection => connection.ExecuteScalar<long>(
        "SELECT count(*) FROM decision WHERE project_id = @project AND person_id = @person AND adjudicates = 0", new { project, person }));

    /// <summary>
    /// All decisions about the ordinary items of a project, including skips and adjudications, by item; in any order within an item, since
    /// SQLite would sort each item's decisions separately. Rows are read lazily.
    /// </summary>
    internal static IEnumerable<Annotation> ForProject(DbConnection connection, long project)
    {
        var (values, orders, flags) = (new ParsedJson<int?[]>(), new ParsedJson<int[]>(), new ParsedJson<Flag[]>());
        var questions = new ParsedJson<Dictionary<string, Judgment>>();
        using var row = SqlDialect.Of(connection).Query(connection, $"""
            SELECT {Columns} FROM (
                SELECT d.* FROM item i CROSS JOIN decision d
                WHERE d.item_id = i.id AND i.project_id = @project AND i.kind = 'Normal' ORDER BY i.id) about
            """, new { project });
        while (row.Read())
            yield return new()
            {
                Id = row.Long(0),
                Item = row.Long(1),
                Person = row.Long(2),
                Adjudicates = row.Int(3) != 0,
                Shown = orders.Parse(row.Text(4)),
                Seconds = row.Double(5),
                At = DateTimeOffset.FromUnixTimeMilliseconds(row.Long(6)),
                Revision = row.Int(7),
                Result = new()
                {
                    Outcome = Enum.Parse<Outcome>(row.Text(8)),
                    Ranks = row.TextOrNull(9) is { } ranks ? values.Parse(ranks) : null,
                    Strength = row.IntOrNull(10),
                    Ratings = row.TextOrNull(11) is { } ratings ? values.Parse(ratings) : null,
                    Flags = flags.Parse(row.Text(12)),
                    Rationale = row.TextOrNull(13),
                    Ideal = row.TextOrNull(14),
                    SkipReason = row.TextOrNull(15),
                    Judgments = row.TextOrNull(16) is { } judgments ? questions.Parse(judgments) : null,
                },
            };
    }

    IReadOnlyList<Annotation> Where(string condition, object parameters) =>
        database.Read(connection => Read(connection, condition, parameters).AsList());

    internal static Annotation? Find(DbConnection connection, string condition, object parameters) =>
        Read(connection, condition, parameters).SingleOrDefault();

    internal static IEnumerable<Annotation> Read(DbConnection connection, string condition, object parameters) =>
        connection.Query<Annotation, AnnotationResult, Annotation>(
            $"SELECT {Columns} FROM decision WHERE {condition}", (decision, verdict) => decision with { Result = verdict }, parameters,
            splitOn: "outcome");

    internal static long Insert(DbConnection connection, long project, Annotation decision, string token) =>
        connection.ExecuteScalar<long>("""
        INSERT INTO decision (project_id, item_id, person_id, adjudicates, token, outcome, ranks, strength, ratings, flags,
          rationale, ideal, skip_reason, judgments, shown, seconds, decided_at)
        VALUES (@project, @Item, @Person, @Adjudicates, @token, @outcome, @Ranks, @Strength, @Ratings, @Flags, @Rationale, @Ideal,
          @SkipReason, @Judgments, @Shown, @Seconds, @At)
        RETURNING id
        """, new
    {
        project, token, decision.Item, decision.Person, decision.Adjudicates, decision.Shown, decision.Seconds, decision.At,
        outcome = decision.Result.Outcome.ToString(), decision.Result.Ranks, decision.Result.Strength, decision.Result.Ratings,
        decision.Result.Flags, decision.Result.Rationale, decision.Result.Ideal, decision.Result.SkipReason,
        decision.Result.Judgments,
    });

    /// <summary>Inserts imported annotations, which nobody submits.</summary>
    internal static void InsertMany(DbConnection connection, long project, IEnumerable<Annotation> decisions) =>
        SqlDialect.Of(connection).Insert(connection, "decision",
            ["project_id", "item_id", "person_id", "token", "outcome", "ranks", "strength", "ratings", "flags", "rationale", "ideal",
                "skip_reason", "judgments", "shown", "seconds", "decided_at"],
            decisions.Select(decision => new object?[]
        {
            project, decision.Item, decision.Person, Guid.NewGuid().ToString("N"), decision.Result.Outcome.ToString(),
            Json(decision.Result.Ranks), decision.Result.Strength, Json(decision.Result.Ratings), Json(decision.Result.Flags),
            decision.Result.Rationale, decision.Result.Ideal, decision.Result.SkipReason, Json(decision.Result.Judgments),
            Json(decision.Shown), decision.Seconds, decision.At.ToMilliseconds(),
        }));

    static string? Json<T>(T? value) => value is null ? null : SqlTypes.ToJson(value);

    void AppendAudit(DbConnection connection, long project, long person, string action, long item, object details) =>
        AuditTrail.Append(connection, time, person, project, action, $"item {item}", details);
}
