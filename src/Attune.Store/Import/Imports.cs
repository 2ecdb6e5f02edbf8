using System.Data.Common;
using System.Text.Json;
using Attune.Store.Export;
using Attune.Text;
using Dapper;

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

/// <summary>
/// Imports prompts with responses into a project, all rows of a file or none. One short transaction saves the rows in
/// <c>import_chunk</c>. A transaction for each chunk then makes its rows items, so that requests of annotators come in between. If that is
/// interrupted, the next <see cref="PreferenceStore.Open"/> completes it.
/// </summary>
public sealed class Imports
{
    /// <summary>The most rows of a chunk, and the length of its text from which it gets no more rows.</summary>
    const int MostRows = 1000, LongestText = 4 << 20;

    /// <summary>Between two chunks. Other processes try again after at most 25 ms while they have waited for less than 130 ms.</summary>
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    readonly Database database;
    readonly TimeProvider time;

    internal Imports(Database database, TimeProvider time) => (this.database, this.time) = (database, time);

    /// <summary>
    /// Adds rows as items after the existing ones. The decision of a row is stored for an account named imported, which cannot sign in.
    /// </summary>
    /// <param name="project">The project.</param>
    /// <param name="rows">Rows that were read for the settings of this project.</param>
    /// <param name="by">Who imports.</param>
    /// <param name="decisions">What to do with decisions in the file.</param>
    /// <param name="cancellation">Stops the import; nothing is added then. It has no effect once the rows are saved.</param>
    /// <exception cref="InvalidDataException">The task of the project was changed after the rows were read.</exception>
    public ImportResult Add(Project project, ImportRows rows, long by, ImportedDecisions decisions = ImportedDecisions.Keep,
        CancellationToken cancellation = default)
    {
        var result = Save(_ => project.Id, rows, by, decisions, cancellation);
        Complete(database, time);
        return result;
    }

    /// <summary>Creates a project and adds rows as its items, both or neither.</summary>
    /// <exception cref="InvalidDataException">The name is empty, too long or taken.</exception>
    public ImportResult AddProject(string name, ImportRows rows, long by, ImportedDecisions decisions = ImportedDecisions.Keep,
        CancellationToken cancellation = default)
    {
        name = Projects.Checked(name, rows.Settings);
        var result = Save(connection => Projects.Insert(connection, name, rows.Settings, by, time), rows, by, decisions, cancellation);
        Complete(database, time);
        return result;
    }

    /// <summary>Saves rows; the import is certain when this method returns.</summary>
    internal ImportResult Save(Func<DbConnection, long> findProject, ImportRows rows, long by, ImportedDecisions decisions,
        CancellationToken cancellation)
    {
        var saved = rows.Items.Select(row => WithDecision(row, decisions)).Select(row => new SavedRow(row.Item, row.Result)).ToList();
        var chunks = Chunks(saved).ToList();
        if (saved.Exists(row => row.Result is not null))
            _ = new People(database, time).Imported(by);
        database.Write(connection =>
        {
            var project = findProject(connection);
            if (Items.SettingsOf(connection, project).Task != rows.Settings.Task)
                throw new InvalidDataException("the task of the project was changed while the file was read; import the file again");
            SqlDialect.Of(connection).Insert(connection, "import_chunk", ["project_id", "rows"],
                chunks.Select(rows => new object?[] { project, rows }));
            AuditTrail.Append(connection, time, by, project, "items added", Quantity.Of(saved.Count, "item"));
            cancellation.ThrowIfCancellationRequested();
        });
        return new(
            CountOf(_ => true), CountOf(row => row.Item.Kind != ItemKind.Normal), saved.Count(row => row.Result is not null));

        int CountOf(Func<SavedRow, bool> which) => saved.Where(which).Sum(row => Items.Parts(row.Item, rows.Settings).Count());
    }

    /// <summary>Each row is JSON on a line.</summary>
    static IEnumerable<string> Chunks(IEnumerable<SavedRow> rows)
    {
        var (chunk, length) = (new List<string>(), 0L);
        foreach (var row in rows.Select(SqlTypes.ToJson))
        {
            chunk.Add(row);
            length += row.Length;
            if (chunk.Count < MostRows && length < LongestText)
                continue;
            yield return string.Join('\n', chunk);
            chunk.Clear();
            length = 0;
        }
        if (chunk.Count > 0)
            yield return string.Join('\n', chunk);
    }

    static ImportedItem WithDecision(ImportedItem row, ImportedDecisions decisions) => row.Result is null ? row : decisions switch
    {
        ImportedDecisions.Keep => row,
        ImportedDecisions.Both => row with { Item = row.Item with { Again = true } },
        _ => row with { Result = null, Item = row.Item with { Extra = ImportedVotes.Without(row.Item.Extra) } },
    };

    /// <summary>Makes the rows of all chunks items. Several processes may do this at the same time.</summary>
    internal static void Complete(Database database, TimeProvider time)
    {
        while (database.Read(HasChunks) && database.Write(connection => AddChunk(connection, time)) is { } project)
        {
            Items.Arrange(database, project);
            Thread.Sleep(Pause);
        }
    }

    static bool HasChunks(DbConnection connection) => connection.ExecuteScalar<bool>("SELECT EXISTS (SELECT 1 FROM import_chunk)");

    /// <returns>The project of the chunk; null where there is none.</returns>
    static long? AddChunk(DbConnection connection, TimeProvider time)
    {
        var next = connection.QueryFirstOrDefault<(long Id, long Project, string Rows)?>(
            "SELECT id, project_id, rows FROM import_chunk ORDER BY id LIMIT 1");
        if (next is not (var id, var project, var rows))
            return null;
        Add(connection, project, [.. rows.Split('\n').Select(row => JsonSerializer.Deserialize<SavedRow>(row, SqlTypes.Json)!)], time);
        connection.Execute("DELETE FROM import_chunk WHERE id = @id", new { id });
        if (!IsInProgress(connection, project))
            Items.EndAdding(connection, project);
        return project;
    }

    /// <summary>Whether a project has rows that are not items yet.</summary>
    internal static bool IsInProgress(DbConnection connection, long project) =>
        connection.ExecuteScalar<bool>("SELECT EXISTS (SELECT 1 FROM import_chunk WHERE project_id = @project)", new { project });

    static void Add(DbConnection connection, long project, List<SavedRow> rows, TimeProvider time)
    {
        var first = Items.Insert(connection, project, rows.ConvertAll(row => row.Item));
        var person = People.Find(connection, SpecialPerson.Imported)?.Id;
        Annotations.InsertMany(connection, project, rows.Index().Where(row => row.Item.Result is not null).Select(row => new Annotation
        {
            Item = first + row.Index, Person = person!.Value, Result = row.Item.Result!,
            Shown = [.. Enumerable.Range(0, row.Item.Item.Answers.Count)], At = time.GetUtcNow(),
        }));
    }

    /// <summary>A row in a chunk.</summary>
    sealed record SavedRow(Item Item, AnnotationResult? Result);
}
