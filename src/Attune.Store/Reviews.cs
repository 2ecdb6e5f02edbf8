using System.Buffers.Binary;
using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapper;

namespace Attune.Store;

/// <summary>
/// Reviewers' judgments of annotators' decisions about ordinary items. The audit trail keeps every judgment with the decision that it is
/// about. A decision that was edited or withdrawn since the reviewer saw it is not changed.
/// </summary>
public sealed class Reviews
{
    const int LongestReason = 10_000;

    const string Columns = """
        r.id, r.item_id AS Item, r.person_id AS Person, r.state, r.sent_to AS SentTo, r.reason, r.reviewer_id AS Reviewer,
        r.reviewed_at AS At, r.decision AS Json
        """;

    readonly Database database;
    readonly TimeProvider time;

    internal Reviews(Database database, TimeProvider time) => (this.database, this.time) = (database, time);

    /// <summary>The decisions without a review of their current revision that a filter selects, in the order of their ids.</summary>
    public IReadOnlyList<UnreviewedDecision> Unreviewed(long project, ReviewFilter filter) => database.Read(connection =>
        connection.Query<UnreviewedDecision>($"""
            SELECT d.id, d.item_id AS Item, d.person_id AS Person, d.decided_at AS At FROM decision d
            WHERE d.project_id = @project AND d.adjudicates = 0 AND d.outcome <> 'Skipped'
                AND (@Person IS NULL OR d.person_id = @Person)
                AND (@From IS NULL OR d.decided_at >= @From) AND (@To IS NULL OR d.decided_at < @To)
                AND ({Flagged(filter.Flags)})
                AND EXISTS (SELECT 1 FROM item i WHERE i.id = d.item_id AND i.kind = 'Normal')
                AND NOT EXISTS (SELECT 1 FROM review r WHERE r.decision_id = d.id AND r.revision = d.revision)
            ORDER BY d.id
            """, new { project, filter.Person, From = filter.From?.ToMilliseconds(), To = filter.To?.ToMilliseconds() })
            .Where(decision => filter.Share >= 1 || Random(decision.Id) < filter.Share).ToList());

    static string Flagged(IReadOnlyList<Flag> flags) =>
        flags.Count == 0 ? "true" : string.Join(" OR ", flags.Select(flag => $"d.flags LIKE '%\"{flag}\"%'"));

    /// <summary>A number from 0 to 1 that looks random and is the same for the same decision.</summary>
    static double Random(long decision) => BinaryPrimitives.ReadUInt64BigEndian(
        SHA256.HashData(Encoding.UTF8.GetBytes(decision.ToString(CultureInfo.InvariantCulture)))) / Math.Pow(2, 64);

    /// <summary>The review of a decision in its current revision; null where there is none.</summary>
    public Review? Of(Annotation decision) => database.Read(connection => Of(connection, decision));

    static Review? Of(DbConnection connection, Annotation decision) =>
        Read(connection, "r.decision_id = @Id AND r.revision = @Revision", new { decision.Id, decision.Revision }).SingleOrDefault();

    /// <summary>The latest reviews of a project, newest first.</summary>
    public IReadOnlyList<Review> Newest(long project, int count) => database.Read(connection =>
        Read(connection, "r.project_id = @project ORDER BY r.reviewed_at DESC, r.id DESC LIMIT @count", new { project, count }).AsList());

    /// <summary>The condition that a review <c>r</c> rejected a decision and gave the item to another person, or to nobody.</summary>
    internal const string IsGivenAway = "r.state = 'Rejected' AND r.sent_to <> 'SamePerson'";

    /// <summary>The reviews that a person learns from: what was rejected or corrected, newest first.</summary>
    public IReadOnlyList<Review> Feedback(long project, long person, int count) => database.Read(connection => Read(connection,
        "r.project_id = @project AND r.person_id = @person AND r.state <> 'Accepted' ORDER BY r.reviewed_at DESC, r.id DESC LIMIT @count",
        new { project, person, count }).AsList());

    /// <summary>Items that were sent back and that their annotators have not decided again, oldest first.</summary>
    public IReadOnlyList<Review> Waiting(long project) => database.Read(connection => Read(connection,
        "r.project_id = @project AND EXISTS (SELECT 1 FROM lease l WHERE l.review_id = r.id) ORDER BY r.id", new { project }).AsList());

    /// <summary>The ids of the decisions that were accepted in their current revision.</summary>
    internal static HashSet<long> Accepted(DbConnection connection, long project) => [.. connection.Query<long>("""
        SELECT d.id FROM review r JOIN decision d ON d.id = r.decision_id AND d.revision = r.revision
        WHERE r.project_id = @project AND r.state = 'Accepted'
        """, new { project })];

    /// <summary>Accepts a decision.</summary>
    /// <param name="project">The project of the decision.</param>
    /// <param name="reviewer">The reviewer.</param>
    /// <param name="id">The id of the decision.</param>
    /// <param name="revision">The revision that the reviewer saw.</param>
    /// <param name="seen">The id of the review that the reviewer saw; 0 for none.</param>
    /// <exception cref="InvalidDataException">
    /// There is no such decision, it was changed, withdrawn or reviewed in the meantime, or it was corrected.
    /// </exception>
    public void Accept(Project project, long reviewer, long id, int revision, long seen) => database.Write(connection =>
    {
        var decision = Get(connection, project.Id, id, revision, seen);
        Save(connection, project.Id, decision, reviewer, ReviewState.Accepted, null, null);
        Append(connection, project.Id, reviewer, "accepted", decision, new { decision });
    });

    /// <summary>Replaces the votes of the item by the reviewer's decision, as an adjudication.</summary>
    /// <param name="project">The project of the decision.</param>
    /// <param name="reviewer">The reviewer.</param>
    /// <param name="id">The id of the decision.</param>
    /// <param name="revision">The revision that the reviewer saw.</param>
    /// <param name="seen">The id of the review that the reviewer saw; 0 for none.</param>
    /// <param name="correct">The reviewer's decision, by place. Its rationale is shown to the annotator.</param>
    /// <param name="settled">The id of the item's adjudication that the reviewer saw; 0 for none.</param>
    /// <exception cref="InvalidDataException">
    /// As for <see cref="Accept"/>, except that it may have been corrected; or the new decision does not match the project's settings.
    /// </exception>
    public void Correct(Project project, long reviewer, long id, int revision, long seen, AnnotationResult correct, long settled) =>
        database.Write(connection =>
        {
            var decision = Get(connection, project.Id, id, revision, seen, mayBeCorrected: true);
            var reason = Checked(correct.Rationale);
            var kept = project.Settings.Rationale ? correct : correct with { Rationale = null };
            Adjudications.Save(connection, time, project, reviewer, decision.Item, kept, settled);
            Save(connection, project.Id, decision, reviewer, ReviewState.Corrected, null, reason);
            Append(connection, project.Id, reviewer, "corrected", decision, new { decision, reason });
        });

    /// <summary>Removes a decision, so that it does not count, and sends its item to whoever decides it again.</summary>
    /// <param name="project">The project of the decision.</param>
    /// <param name="reviewer">The reviewer.</param>
    /// <param name="id">The id of the decision.</param>
    /// <param name="revision">The revision that the reviewer saw.</param>
    /// <param name="seen">The id of the review that the reviewer saw; 0 for none.</param>
    /// <param name="to">Who decides the item again.</param>
    /// <param name="reason">The reason, which the annotator can read.</param>
    /// <exception cref="InvalidDataException">
    /// As for <see cref="Accept"/>; or there is no reason, or the annotator cannot sign in, so that the item cannot go back to them.
    /// </exception>
    public void Reject(Project project, long reviewer, long id, int revision, long seen, SentTo to, string reason) =>
        database.Write(connection =>
        {
            if (project.Archived && to != SentTo.Nobody)
                throw new InvalidDataException(
                    "this project is archived, so nobody can decide the item again; discard the decision instead");
            if (project.Settings.Task == TaskKind.Dialogue && to != SentTo.Nobody)
                throw new InvalidDataException("a choice in a conversation can only be discarded: nobody else has seen the conversation");
            var decision = Get(connection, project.Id, id, revision, seen);
            var told = Checked(reason) ?? throw new InvalidDataException("a rejection needs a reason, which the annotator sees");
            var review = Save(connection, project.Id, decision, reviewer, ReviewState.Rejected, to, told);
            if (to == SentTo.SamePerson)
                GiveBack(connection, project, decision, review);
            if (to == SentTo.Nobody)
                connection.Execute(
                    "UPDATE item SET wanted = wanted - 1, discarded = discarded + 1 WHERE id = @Item AND wanted > 0 AND decided <= wanted",
                    new { decision.Item });
            connection.Execute("DELETE FROM decision WHERE id = @id", new { id });
            Append(connection, project.Id, reviewer, "rejected", decision, new { decision, to, reason = told });
        });

    /// <summary>The item is the next one of its annotator, who sees the responses in the same order as before.</summary>
    void GiveBack(DbConnection connection, Project project, Annotation decision, long review)
    {
        var (name, disabled, special) = connection.QuerySingle<(string, bool, string?)>(
            "SELECT name, disabled, special FROM person WHERE id = @Person", new { decision.Person });
        if (disabled || special == nameof(SpecialPerson.Imported))
            throw new InvalidDataException($"{name} cannot sign in, so the item cannot go back to them; choose another destination");
        var now = time.GetUtcNow();
        connection.Execute("""
            INSERT INTO lease (item_id, person_id, token, shown, turn, given_at, expires_at, review_id)
            SELECT @Item, @Person, @token, @Shown, coalesce(min(turn), 0) - 1, @now, @until, @review FROM lease WHERE person_id = @Person
            """, new
        {
            decision.Item, decision.Person, token = Guid.NewGuid().ToString("N"), decision.Shown, now,
            until = now.AddMinutes(project.Settings.LeaseMinutes), review,
        });
    }

    /// <summary>Gives an item that was sent back, and that its annotator has not decided again, to another annotator.</summary>
    /// <param name="project">The project of the item.</param>
    /// <param name="reviewer">The reviewer.</param>
    /// <param name="review">The id of the review that rejected the decision.</param>
    /// <exception cref="InvalidDataException">The item does not wait for its annotator.</exception>
    public void PassOn(long project, long reviewer, long review) => database.Write(connection =>
    {
        var item = connection.QuerySingleOrDefault<long?>("""
            SELECT l.item_id FROM lease l JOIN review r ON r.id = l.review_id WHERE r.id = @review AND r.project_id = @project
            """, new { review, project })
            ?? throw new InvalidDataException("this item no longer waits for its annotator; reload the page");
        connection.Execute("UPDATE review SET sent_to = 'OtherPerson' WHERE id = @review", new { review });
        connection.Execute("DELETE FROM lease WHERE review_id = @review", new { review });
        Normings.CloseComplete(connection, time, item);
        AuditTrail.Append(connection, time, reviewer, project, "given to another annotator", $"item {item}", new { review });
    });

    static Annotation Get(DbConnection connection, long project, long id, int revision, long seen, bool mayBeCorrected = false)
    {
        var decision = Annotations.Find(connection, """
            id = @id AND project_id = @project AND adjudicates = 0 AND outcome <> 'Skipped'
            AND EXISTS (SELECT 1 FROM item i WHERE i.id = decision.item_id AND i.kind = 'Normal')
            """, new { id, project });
        if (decision?.Revision != revision)
            throw new InvalidDataException("this decision was changed or withdrawn in the meantime; reload the page");
        var review = Of(connection, decision);
        if ((review?.Id ?? 0) != seen)
            throw new InvalidDataException("another reviewer has reviewed this decision in the meantime; reload the page");
        return review?.State != ReviewState.Corrected || mayBeCorrected ? decision
            : throw new InvalidDataException("a correction replaces the votes on this item; change it on the tab “Adjudicate”");
    }

    /// <returns>The id of the review.</returns>
    long Save(DbConnection connection, long project, Annotation decision, long reviewer, ReviewState state, SentTo? to, string? reason) =>
        connection.ExecuteScalar<long>("""
            INSERT INTO review (project_id, item_id, person_id, decision_id, revision, state, sent_to, reason, reviewer_id, reviewed_at,
              decision)
            VALUES (@project, @Item, @Person, @Id, @Revision, @state, @to, @reason, @reviewer, @now, @json)
            ON CONFLICT (decision_id, revision) DO UPDATE SET state = excluded.state, sent_to = excluded.sent_to, reason = excluded.reason,
              reviewer_id = excluded.reviewer_id, reviewed_at = excluded.reviewed_at
            RETURNING id
            """, new
        {
            project, decision.Item, decision.Person, decision.Id, decision.Revision, state = state.ToString(), to = to?.ToString(), reason,
            reviewer, now = time.GetUtcNow(), json = SqlTypes.ToJson(decision),
        });

    void Append(DbConnection connection, long project, long reviewer, string action, Annotation decision, object details) =>
        AuditTrail.Append(connection, time, reviewer, project, action, $"item {decision.Item}", details);

    static string? Checked(string? reason) => string.IsNullOrWhiteSpace(reason) ? null
        : reason.Trim() is { Length: <= LongestReason } told ? told
        : throw new InvalidDataException($"the reason must have at most {LongestReason:N0} characters");

    internal static Review? Load(DbConnection connection, long id) => Read(connection, "r.id = @id", new { id }).SingleOrDefault();

    static IEnumerable<Review> Read(DbConnection connection, string condition, object parameters) =>
        connection.Query<Row>($"SELECT {Columns} FROM review r WHERE {condition}", parameters).Select(row => new Review
        {
            Id = row.Id, Item = row.Item, Person = row.Person, State = Enum.Parse<ReviewState>(row.State),
            SentTo = row.SentTo is { } to ? Enum.Parse<SentTo>(to) : null, Reason = row.Reason, Reviewer = row.Reviewer, At = row.At,
            Decision = JsonSerializer.Deserialize<Annotation>(row.Json, SqlTypes.Json)!,
        });

    sealed record Row
    {
        public long Id { get; init; }

        public long Item { get; init; }

        public long Person { get; init; }

        public required string State { get; init; }

        public string? SentTo { get; init; }

        public string? Reason { get; init; }

        public long Reviewer { get; init; }

        public DateTimeOffset At { get; init; }

        public required string Json { get; init; }
    }
}
