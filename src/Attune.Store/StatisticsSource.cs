using Dapper;

namespace Attune.Store;

/// <summary>What a project's figures are made from.</summary>
public sealed class StatisticsSource
{
    readonly Database database;

    internal StatisticsSource(Database database) => this.database = database;

    /// <summary>A number that grows with everything that is done in a project: figures of one number are the same.</summary>
    public long Moment(long project) => database.Read(connection =>
        connection.ExecuteScalar<long>("SELECT coalesce(max(id), 0) FROM audit WHERE project_id = @project", new { project }));

    /// <summary>Everything that was decided.</summary>
    public ProjectAnnotations Load(long project) => database.Read(connection => ProjectAnnotations.Load(connection, project));
}
