using System.Data.Common;
using System.Text.Json.Nodes;
using Dapper;

namespace Attune.Store;

public enum JobKind
{
    /// <summary>Models respond to prompts; the responses become items.</summary>
    Sample,

    /// <summary>Reward models score the responses of items.</summary>
    Score,

    /// <summary>A run is started or resumed.</summary>
    Train,
}

/// <summary>The state of a job.</summary>
public enum JobState
{
    /// <summary>It waits for the jobs before it.</summary>
    Waiting,

    Running,

    /// <summary>It was asked to stop and has not ended yet.</summary>
    Stopping,

    Done,

    Stopped,

    Failed,
}

/// <summary>A program that the studio starts: sampling, scoring or training.</summary>
public sealed record Job
{
    /// <summary>The exit code of a program that was asked to stop and has saved its state.</summary>
    public const int Interrupted = 130;

    public long Id { get; init; }

    public long? Project { get; init; }

    public JobKind Kind { get; init; }

    public required string Title { get; init; }

    /// <summary>The commands, which run one after the other; each is the arguments of <c>attune</c>.</summary>
    public required IReadOnlyList<IReadOnlyList<string>> Commands { get; init; }

    /// <summary>What to do with the result.</summary>
    public JsonObject Settings { get; init; } = [];

    /// <summary>The run that it trains, as a path relative to the folder of runs.</summary>
    public string? Run { get; init; }

    public long Person { get; init; }

    /// <summary>The command that runs or is next, from 0.</summary>
    public int Step { get; init; }

    /// <summary>How many times it was asked to stop.</summary>
    public int Stops { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Null while it waits for the jobs before it.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The exit code of the last command; null where it never ran or its exit code is unknown.</summary>
    public int? ExitCode { get; init; }

    /// <summary>The result or the error, as text.</summary>
    public string? Outcome { get; init; }

    public JobState State => this switch
    {
        { FinishedAt: null, StartedAt: null } => JobState.Waiting,
        { FinishedAt: null, Stops: 0 } => JobState.Running,
        { FinishedAt: null } => JobState.Stopping,
        { ExitCode: 0 } => JobState.Done,
        { ExitCode: Interrupted } or { Stops: > 0 } => JobState.Stopped,
        _ => JobState.Failed,
    };
}

/// <summary>The jobs of the studio, in the order in which they were added.</summary>
public sealed class Jobs
{
    const string Columns = """
        id, project_id AS Project, kind, title, commands, settings, run, person_id AS Person, step, stops,
        created_at AS CreatedAt, started_at AS StartedAt, finished_at AS FinishedAt, exit_code AS ExitCode, outcome
        """;

    readonly Database database;
    readonly TimeProvider time;

    internal Jobs(Database database, TimeProvider time) => (this.database, this.time) = (database, time);

    /// <param name="job">The job, without an id.</param>
    /// <param name="commands">Makes the commands from the job's id, since paths contain it; the job's own commands when left out.</param>
    public Job Add(Job job, Func<long, IReadOnlyList<IReadOnlyList<string>>>? commands = null) => database.Write(connection =>
    {
        var id = connection.ExecuteScalar<long>("""
            INSERT INTO job (project_id, kind, title, commands, settings, run, person_id, created_at)
            VALUES (@Project, @kind, @Title, @Commands, @Settings, @Run, @Person, @now) RETURNING id
            """, new
        {
            job.Project, kind = job.Kind.ToString(), job.Title, job.Commands, job.Settings, job.Run, job.Person, now = time.GetUtcNow(),
        });
        if (commands is not null)
            connection.Execute("UPDATE job SET commands = @words WHERE id = @id", new { id, words = commands(id) });
        var added = connection.QuerySingle<Job>($"SELECT {Columns} FROM job WHERE id = @id", new { id });
        AuditTrail.Append(connection, time, job.Person, job.Project, "job asked for", job.Title, new { added.Commands });
        return added;
    });

    /// <summary>Records that a command of the job has started.</summary>
    /// <returns>False where the job has ended, or is at a later command: nothing is changed.</returns>
    public bool Begin(long id, int step) => database.Write(connection => connection.Execute("""
        UPDATE job SET step = @step, started_at = coalesce(started_at, @now) WHERE id = @id AND finished_at IS NULL AND step <= @step
        """, new { id, step, now = time.GetUtcNow() }) > 0);

    /// <summary>Records a request to stop. A job that has not started ends at once.</summary>
    /// <returns>The job as it is now; null where it does not exist or has ended.</returns>
    public Job? Stop(long id, long by) => database.Write(connection =>
    {
        var stopped = connection.QuerySingleOrDefault<Job>($"""
            UPDATE job SET stops = stops + 1,
                finished_at = CASE WHEN started_at IS NULL THEN @now END,
              outcome = CASE WHEN started_at IS NULL THEN 'cancelled before it started' END
            WHERE id = @id AND finished_at IS NULL RETURNING {Columns}
            """, new { id, now = time.GetUtcNow() });
        if (stopped is not null)
            AuditTrail.Append(connection, time, by, stopped.Project, "job asked to stop", stopped.Title);
        return stopped;
    });

    /// <summary>Ends a job.</summary>
    /// <returns>False where it has ended already: nothing is changed.</returns>
    public bool Finish(long id, int? exitCode, string? outcome) => Finish(id, exitCode, outcome, (_, _) => { });

    /// <summary>Ends a job and adds the items that it made, both or neither.</summary>
    /// <returns>False where it has ended already: nothing is changed.</returns>
    /// <exception cref="InvalidDataException">An item does not match the project.</exception>
    public bool Finish(long id, string outcome, IReadOnlyCollection<Item> items) => Finish(id, 0, outcome, (connection, job) =>
    {
        if (items.Count > 0)
            Items.Add(connection, job.Project!.Value, items, job.Person, time);
    });

    /// <summary>Ends a job and sets the scores of responses, both or neither.</summary>
    /// <returns>False where it has ended already: nothing is changed.</returns>
    public bool Finish(long id, string outcome, IReadOnlyCollection<ItemScores> scored) => Finish(id, 0, outcome, (connection, job) =>
        Items.Score(connection, job.Project!.Value, scored, job.Person, time));

    bool Finish(long id, int? exitCode, string? outcome, Action<DbConnection, Job> addResult)
    {
        var finished = database.Write(connection => Finish(connection, id, exitCode, outcome, addResult));
        if (finished?.Project is { } project)
            Items.Arrange(database, project);
        return finished is not null;
    }

    Job? Finish(DbConnection connection, long id, int? exitCode, string? outcome, Action<DbConnection, Job> addResult)
    {
        var job = connection.QuerySingleOrDefault<Job>($"""
            UPDATE job SET finished_at = @now, exit_code = @exitCode, outcome = @outcome WHERE id = @id AND finished_at IS NULL
            RETURNING {Columns}
            """, new { id, exitCode, outcome, now = time.GetUtcNow() });
        if (job is not null)
            addResult(connection, job);
        return job;
    }

    public Job? Find(long id) =>
        database.Read(connection => connection.QuerySingleOrDefault<Job>($"SELECT {Columns} FROM job WHERE id = @id", new { id }));

    /// <summary>Jobs that have not ended, in the order in which they were added.</summary>
    public IReadOnlyList<Job> Unfinished() =>
        database.Read(connection => connection.Query<Job>($"SELECT {Columns} FROM job WHERE finished_at IS NULL ORDER BY id").AsList());

    /// <summary>The newest first.</summary>
    public IReadOnlyList<Job> OfProject(long project, int count) => database.Read(connection =>
        connection.Query<Job>($"SELECT {Columns} FROM job WHERE project_id = @project ORDER BY id DESC LIMIT @count",
            new { project, count }).AsList());

    /// <summary>The newest job that trains or trained a run.</summary>
    public Job? OfRun(string run) => database.Read(connection =>
        connection.QuerySingleOrDefault<Job>($"SELECT {Columns} FROM job WHERE run = @run ORDER BY id DESC LIMIT 1", new { run }));
}
