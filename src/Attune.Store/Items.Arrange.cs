using System.Data.Common;
using Dapper;

namespace Attune.Store;

public sealed partial class Items
{
    /// <summary>How many items a transaction changes; annotators' requests come between two transactions.</summary>
    const int ChunkSize = 2000;

    // Factors that derive two more random numbers from the one that is drawn for an item.
    const int OverlapFactor = 104729, RandomShareFactor = 7919;

    /// <summary>Arranges the items of projects where that was interrupted.</summary>
    internal static void ArrangeUnfinished(Database database)
    {
        foreach (var project in database.Read(connection => connection.Query<long>("SELECT id FROM project WHERE unarranged > 0").AsList()))
            Arrange(database, project);
    }

    /// <summary>
    /// Sets how many annotators see each item, and the order of items, from the project's settings, where <c>project.unarranged</c> is not
    /// 0. In the order by uncertainty, a share of the items is drawn at random and spread evenly among the others, which are sorted by
    /// priority. So any part of the remaining items has that share.
    /// </summary>
    internal static void Arrange(Database database, long project)
    {
        while (!TryArrange(database, project))
            Thread.Yield();
    }

    /// <returns>False where settings, items or scores were changed in the meantime.</returns>
    static bool TryArrange(Database database, long project)
    {
        var (unarranged, changes) = database.Read(connection => Changes(connection, project));
        if (unarranged == 0)
            return true;
        var chunks = changes.Chunk(ChunkSize).DefaultIfEmpty([]).ToList();
        foreach (var (at, chunk) in chunks.Index())
        {
            if (!database.Write(connection => Apply(connection, project, unarranged, chunk, isLast: at == chunks.Count - 1)))
                return false;
            Thread.Sleep(0);
        }
        return true;
    }

    static (long Unarranged, List<ItemChange> Changes) Changes(DbConnection connection, long project)
    {
        var unarranged = Unarranged(connection, project);
        if (unarranged == 0)
            return (0, []);
        var settings = SettingsOf(connection, project);
        var overlap = $"CASE WHEN {Fraction(OverlapFactor)} < @OverlapShare THEN @Overlap ELSE 1 END";
        return (unarranged, connection.Query<ItemChange>($"""
            WITH planned AS (SELECT id, wanted, position, random, priority, decided,
                CASE WHEN discarded < again + {overlap} THEN again + {overlap} - discarded ELSE 0 END AS plan
                FROM item WHERE project_id = @project AND kind = 'Normal')
            SELECT id, nullif(plan, wanted) AS Wanted, CAST(place AS DOUBLE PRECISION) AS Position
            FROM (SELECT *, {Position(settings.Order)} AS place FROM planned) placed
            WHERE plan <> wanted OR place <> position
            """, new { project, settings.OverlapShare, settings.Overlap, settings.RandomShare }).AsList());
    }

    static long Unarranged(DbConnection connection, long project) =>
        connection.ExecuteScalar<long>("SELECT unarranged FROM project WHERE id = @project", new { project });

    static bool Apply(DbConnection connection, long project, long unarranged, ItemChange[] changes, bool isLast)
    {
        if (Unarranged(connection, project) != unarranged)
            return false;
        connection.Execute("UPDATE item SET position = @Position WHERE id = @Id", changes);
        connection.Execute("UPDATE item SET wanted = @Wanted WHERE id = @Id", changes.Where(change => change.Wanted is not null));
        if (isLast)
        {
            connection.Execute("DELETE FROM reached WHERE project_id = @project", new { project });
            connection.Execute("UPDATE project SET unarranged = 0 WHERE id = @project", new { project });
        }
        return true;
    }

    /// <summary>
    /// The values of random, position, wanted and again of a new item; the order by uncertainty is made by <see cref="Arrange"/>.
    /// </summary>
    static IEnumerable<object?> Arranged(Item item, long id, ProjectSettings settings)
    {
        var random = Random.Shared.NextDouble();
        var isOverlap = random * OverlapFactor - (long)(random * OverlapFactor) < settings.OverlapShare;
        var isNormal = item.Kind == ItemKind.Normal;
        return
        [
            random, isNormal && settings.Order == ItemOrder.Random ? random : (double)id,
            isNormal ? (item.Again ? 1 : 0) + (isOverlap ? settings.Overlap : 1) : 1, item.Again ? 1 : 0,
        ];
    }

    static string Position(ItemOrder order) => order switch
    {
        ItemOrder.Fixed => "id",
        ItemOrder.Random => "random",
        _ => $"""
            CASE WHEN decided >= plan THEN 0 ELSE percent_rank() OVER (
                PARTITION BY decided >= plan, {Fraction(RandomShareFactor)} < @RandomShare
                ORDER BY CASE WHEN {Fraction(RandomShareFactor)} < @RandomShare THEN NULL ELSE priority END DESC NULLS LAST, random) END
            """,
    };

    /// <summary>A random number from 0 to 1, derived from the one drawn for the item.</summary>
    static string Fraction(int factor) => $"(random * {factor} - floor(random * {factor}))";

    /// <summary>What changes of an item.</summary>
    sealed record ItemChange
    {
        public long Id { get; init; }

        /// <summary>Null where it stays.</summary>
        public long? Wanted { get; init; }

        public double Position { get; init; }
    }
}
