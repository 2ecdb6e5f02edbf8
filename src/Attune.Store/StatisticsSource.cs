using Dapper;

namespace Attune.Store;

/// <summary>The data that a project's statistics are computed from.</summary>
public sealed class StatisticsSource
{
    readonly Database database;

    internal StatisticsSource(Database database) => this.database = database;

    /// <summary>A number that grows with every change in a project: statistics with the same number are the same.</summary>
    public long Moment(long project) => database.Read(connection =>
        connection.ExecuteScalar<long>("SELECT coalesce(max(id), 0) FROM audit WHERE project_id = @project", new { project }));

    /// <summary>All annotations of a project.</summary>
    /// <param name="project">The project.</param>
    /// <param name="answers">What to load of the responses.</param>
    /// <param name="question">The question whose decisions to load; null for the first.</param>
    /// <exception cref="InvalidDataException">The project has no such question.</exception>
    public ProjectAnnotations Load(long project, AnswerDetail answers = AnswerDetail.Length, string? question = null) =>
        database.Read(connection => ProjectAnnotations.Load(connection, project, answers, question: question));

    /// <summary>The annotations that the statistics of one annotator need, without what would tell attention checks apart.</summary>
    public ProjectAnnotations LoadOwn(long project, long person, string? question = null) =>
        database.Read(connection => ProjectAnnotations.Load(connection, project, person: person, question: question));
}
