using System.Data.Common;
using Dapper;

namespace Attune.Store;

/// <summary>An entry of the audit trail.</summary>
/// <param name="Id">Grows with time.</param>
/// <param name="At">The time.</param>
/// <param name="Person">The person's name; null for the program itself.</param>
/// <param name="Action">What was done.</param>
/// <param name="Subject">What it was done to.</param>
/// <param name="Details">The old and the new state, as JSON.</param>
public sealed record AuditEntry(long Id, DateTimeOffset At, string? Person, string Action, string Subject, string Details);

/// <summary>Who did what and when. Append-only: database triggers reject changes and deletions.</summary>
public sealed class AuditTrail
{
    readonly Database database;

    internal AuditTrail(Database database) => this.database = database;

    /// <summary>The newest entries, newest first.</summary>
    /// <param name="project">Only entries of this project; all when null.</param>
    /// <param name="before">Only entries older than this one.</param>
    /// <param name="count">The most entries to return.</param>
    /// <param name="subject">Only entries with this subject; all when null.</param>
    public IReadOnlyList<AuditEntry> Newest(long? project, long before = long.MaxValue, int count = 50, string? subject = null) =>
        Newest(project is null ? "true" : "a.project_id = @project", new { project, before, count, subject });

    /// <summary>The newest entries about accounts and other things outside of projects, newest first.</summary>
    /// <param name="before">Only entries older than this one.</param>
    /// <param name="count">The most entries to return.</param>
    public IReadOnlyList<AuditEntry> OutsideProjects(long before = long.MaxValue, int count = 50) =>
        Newest("a.project_id IS NULL", new { before, count, subject = (string?)null });

    List<AuditEntry> Newest(string condition, object parameters) => database.Read(connection =>
        connection.Query<(long Id, long At, string? Person, string Action, string Subject, string Details)>($"""
            SELECT a.id, a.at, p.name, a.action, a.subject, a.details FROM audit a LEFT JOIN person p ON p.id = a.person_id
            WHERE {condition} AND a.id < @before AND (@subject IS NULL OR a.subject = @subject) ORDER BY a.id DESC LIMIT @count
            """, parameters)
            .Select(row => new AuditEntry(row.Id, DateTimeOffset.FromUnixTimeMilliseconds(row.At), row.Person, row.Action, row.Subject,
                row.Details)).ToList());

    /// <summary>Appends an entry within the transaction that it describes.</summary>
    internal static void Append(
        DbConnection connection, TimeProvider time, long? person, long? project, string action, string subject,
        object? details = null) =>
        connection.Execute(
            "INSERT INTO audit (at, person_id, project_id, action, subject, details) "
            + "VALUES (@now, @person, @project, @action, @subject, @details)",
            new { now = time.GetUtcNow(), person, project, action, subject, details = SqlTypes.ToJson(details ?? new { }) });
}
