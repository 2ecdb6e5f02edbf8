using Dapper;

namespace Attune.Store;

/// <summary>A program that the studio started: sampling, scoring or training.</summary>
public sealed record Job
{
    public long Id { get; init; }

    public long? Project { get; init; }

    /// <summary>What it is for: <c>sample</c>, <c>score</c> or <c>train</c>.</summary>
    public required string Kind { get; init; }

    public required string Title { get; init; }

    /// <summary>The words behind <c>attune</c>.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Where its log, its exit code and what it made lie.</summary>
    public required string Folder { get; init; }

    /// <summary>What is to be done with the result, as JSON.</summary>
    public string Settings { get; init; } = "{}";

    public long Person { get; init; }

    /// <summary>The number of the process while it runs.</summary>
    public int? Process { get; init; }

    public DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    public int? ExitCode { get; init; }

    /// <summary>What went wrong, in words.</summary>
    public string? Error { get; init; }
}

/// <summary>What the studio started, so that it is found again after a restart.</summary>
public sealed class Jobs
{
    const string Columns = """
        id, project_id AS Project, kind, title, arguments, folder, settings, person_id AS Person, process,
        started_at AS StartedAt, finished_at AS FinishedAt, exit_code AS ExitCode, error
        """;

    readonly Database database;
    readonly TimeProvider time;

    internal Jobs(Database database, TimeProvider time) => (this.database, this.time) = (database, time);

    public Job Add(Job job) => database.Write(connection =>
    {
        var id = connection.ExecuteScalar<long>("""
            INSERT INTO job (project_id, kind, title, arguments, folder, settings, person_id, started_at)
            VALUES (@Project, @Kind, @Title, @Arguments, @Folder, @Settings, @Person, @now) RETURNING id
            """, new { job.Project, job.Kind, job.Title, job.Arguments, job.Folder, job.Settings, job.Person, now = time.GetUtcNow() });
        AuditTrail.Append(connection, time, job.Person, job.Project, "job started", job.Title, new { job.Arguments });
        return connection.QuerySingle<Job>($"SELECT {Columns} FROM job WHERE id = @id", new { id });
    });

    public void SetProcess(long id, int process) => database.Write(connection => connection.Execute("UPDATE job SET process = @process WHERE id = @id", new { id, process }));

    public void Finish(long id, int? exitCode, string? error) => database.Write(connection => connection.Execute(
        "UPDATE job SET finished_at = @now, exit_code = @exitCode, error = @error, process = NULL WHERE id = @id", new { id, exitCode, error, now = time.GetUtcNow() }));

    public Job? Find(long id) => database.Read(connection => connection.QuerySingleOrDefault<Job>($"SELECT {Columns} FROM job WHERE id = @id", new { id }));

    public IReadOnlyList<Job> Unfinished() => database.Read(connection => connection.Query<Job>($"SELECT {Columns} FROM job WHERE finished_at IS NULL ORDER BY id").AsList());

    /// <summary>The newest first.</summary>
    public IReadOnlyList<Job> OfProject(long project, int count) => database.Read(connection =>
        connection.Query<Job>($"SELECT {Columns} FROM job WHERE project_id = @project ORDER BY id DESC LIMIT @count", new { project, count }).AsList());
}
