using Dapper;
using Microsoft.Data.Sqlite;

namespace Attune.Store;

/// <summary>That somebody did something.</summary>
/// <param name="Id">Grows with time.</param>
/// <param name="At">When.</param>
/// <param name="Person">Who; null for the program itself.</param>
/// <param name="Action">What, in words.</param>
/// <param name="Subject">To what.</param>
/// <param name="Details">What was and what is, as JSON.</param>
public sealed record AuditEntry(long Id, DateTimeOffset At, string? Person, string Action, string Subject, string Details);

/// <summary>Who did what and when, append-only: the file itself refuses to change or delete an entry.</summary>
public sealed class AuditTrail
{
    readonly Database database;

    internal AuditTrail(Database database) => this.database = database;

    /// <summary>The newest entries first.</summary>
    /// <param name="project">Of one project; all when null.</param>
    /// <param name="before">Only older ones than this entry.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="subject">Only of this subject; of all when null.</param>
    public IReadOnlyList<AuditEntry> Newest(long? project, long before = long.MaxValue, int count = 50, string? subject = null) => database.Read(connection =>
        connection.Query<(long Id, long At, string? Person, string Action, string Subject, string Details)>($"""
            SELECT a.id, a.at, p.name, a.action, a.subject, a.details FROM audit a LEFT JOIN person p ON p.id = a.person_id
            WHERE {(project is null ? "" : "a.project_id = @project AND ")}a.id < @before AND (@subject IS NULL OR a.subject = @subject) ORDER BY a.id DESC LIMIT @count
            """, new { project, before, count, subject })
            .Select(row => new AuditEntry(row.Id, DateTimeOffset.FromUnixTimeMilliseconds(row.At), row.Person, row.Action, row.Subject, row.Details)).ToList());

    /// <summary>Part of the transaction that does what is noted.</summary>
    internal static void Append(
        SqliteConnection connection, TimeProvider time, long? person, long? project, string action, string subject, object? details = null) =>
        connection.Execute(
            "INSERT INTO audit (at, person_id, project_id, action, subject, details) VALUES (@now, @person, @project, @action, @subject, @details)",
            new { now = time.GetUtcNow(), person, project, action, subject, details = SqlTypes.ToJson(details ?? new { }) });
}
