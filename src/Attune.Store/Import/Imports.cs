using Attune.Data;
using Attune.Store.Export;
using Microsoft.Data.Sqlite;

namespace Attune.Store.Import;

/// <summary>What an import does with decisions in the file.</summary>
public enum ImportedDecisions
{
    /// <summary>Keeps them; their items need no other decision.</summary>
    Keep,

    /// <summary>Leaves them out: annotators decide the items as if there had been no decision.</summary>
    Again,

    /// <summary>Keeps them, and annotators decide the items too.</summary>
    Both,
}

/// <summary>What an import added.</summary>
/// <param name="Items">How many items.</param>
/// <param name="Known">How many of them are attention checks and calibration items.</param>
/// <param name="Decisions">How many of them have an imported decision.</param>
public sealed record ImportResult(int Items, int Known, int Decisions);

/// <summary>Imports prompts with responses into a project, from files that <c>Attune.Data</c> reads.</summary>
public sealed class Imports
{
    /// <summary>The most rows of a file.</summary>
    const int MostRows = 1_000_000;

    readonly Database database;
    readonly TimeProvider time;

    internal Imports(Database database, TimeProvider time) => (this.database, this.time) = (database, time);

    /// <summary>
    /// Adds every row of a file as an item after the existing ones, all or none. The decision of a row is stored for an account
    /// named imported, which cannot sign in.
    /// </summary>
    /// <param name="project">The project.</param>
    /// <param name="path">A data file, or a folder of them.</param>
    /// <param name="by">Who imports.</param>
    /// <param name="decisions">What to do with decisions in the file.</param>
    /// <param name="mostBytes">The most bytes that a file may have without compression.</param>
    /// <param name="cancellation">Stops the import; nothing is added then.</param>
    /// <exception cref="InvalidDataException">A row is invalid; the message names file and line.</exception>
    public ImportResult Add(Project project, string path, long by, ImportedDecisions decisions = ImportedDecisions.Keep,
        long mostBytes = long.MaxValue, CancellationToken cancellation = default)
    {
        var read = Read(project.Settings, path, mostBytes, cancellation).ConvertAll(row => WithDecision(row, decisions));
        var decided = read.Exists(row => row.Result is not null) ? new People(database, time).Imported(by).Id : (long?)null;
        database.Write(connection =>
        {
            var first = Items.Add(connection, project.Id, [.. read.Select(row => row.Item)], by, time);
            if (decided is { } person)
                Decide(connection, project.Id, read, first, person);
            cancellation.ThrowIfCancellationRequested();
        });
        Items.Arrange(database, project.Id);
        return new(read.Count, read.Count(row => row.Item.Kind != ItemKind.Normal), read.Count(row => row.Result is not null));
    }

    static ImportedItem WithDecision(ImportedItem row, ImportedDecisions decisions) => row.Result is null ? row : decisions switch
    {
        ImportedDecisions.Keep => row,
        ImportedDecisions.Both => row with { Item = row.Item with { Again = true } },
        _ => row with { Result = null, Item = row.Item with { Extra = ImportedVotes.Without(row.Item.Extra) } },
    };

    /// <summary>The task that fits every row of a file, for a new project.</summary>
    /// <exception cref="InvalidDataException">A row is not an item.</exception>
    public static TaskKind TaskFor(string path)
    {
        var counts = Rows(path).Select(row => row.Item.Answers.Count).ToHashSet();
        return counts.SetEquals([2]) ? TaskKind.Pairwise : counts.Contains(1) ? TaskKind.Rating : TaskKind.Ranking;
    }

    static List<ImportedItem> Read(ProjectSettings settings, string path, long mostBytes, CancellationToken cancellation)
    {
        var read = new List<ImportedItem>();
        foreach (var row in Rows(path, mostBytes))
        {
            cancellation.ThrowIfCancellationRequested();
            if (read.Count == MostRows)
                throw new InvalidDataException($"{row.Origin}: a file may have at most {MostRows:N0} rows; split it");
            read.Add(Checked(row, settings));
        }
        return read.Count > 0 ? read : throw new InvalidDataException($"{path} has no rows");
    }

    static IEnumerable<ImportedItem> Rows(string path, long mostBytes = long.MaxValue) =>
        Dataset.Rows(path, mostBytes).Select(ItemReader.ToItem);

    static ImportedItem Checked(ImportedItem row, ProjectSettings settings)
    {
        if (settings.Task == TaskKind.Rating && row.Result is not null)
            throw new InvalidDataException(
                $"{row.Origin}: the row has ranks, but this project collects ratings; import it into a project of pairs or rankings");
        try
        {
            return row with { Item = Items.Checked(row.Item, settings) };
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"{row.Origin}: {error.Message}", error);
        }
    }

    void Decide(SqliteConnection connection, long project, List<ImportedItem> read, long first, long person)
    {
        foreach (var (at, row) in read.Index().Where(row => row.Item.Result is not null))
        {
            var shown = Enumerable.Range(0, row.Item.Answers.Count).ToList();
            Annotations.Insert(connection, project, new() { Item = first + at, Person = person, Result = row.Result!, Shown = shown,
                At = time.GetUtcNow() }, Guid.NewGuid().ToString("N"));
        }
    }
}
