using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Attune.Store.Export;

/// <summary>What people decided, as files from which models learn. The same state of the store and the same options give the same bytes.</summary>
public sealed class Exports
{
    /// <summary>The file that says what an export holds.</summary>
    public const string Manifest = "manifest.json";

    static readonly JsonSerializerOptions Indented = new(SqlTypes.Json) { WriteIndented = true };

    readonly Database database;
    readonly TimeProvider time;

    internal Exports(Database database, TimeProvider time) => (this.database, this.time) = (database, time);

    /// <summary>What an export would hold.</summary>
    /// <exception cref="InvalidDataException">An option is wrong; the message says which.</exception>
    public ExportCounts Preview(Project project, ExportOptions options) =>
        database.Read(connection => new ExportPass(connection, project, Checked(connection, options)).Run((_, _) => { }));

    /// <summary>Writes an export into a folder that is not there yet, whole or not at all: <c>train.jsonl</c>, <c>heldout.jsonl</c> where something is
    /// held out, and the manifest; of a spreadsheet <c>decisions.csv</c>.</summary>
    /// <param name="project">Whose.</param>
    /// <param name="options">What is taken.</param>
    /// <param name="folder">Where.</param>
    /// <param name="by">Who exports, for the audit trail; null for the program itself.</param>
    /// <param name="replace">Whether an older export in the folder makes way.</param>
    /// <exception cref="InvalidDataException">An option is wrong, or the folder is there.</exception>
    public ExportManifest Snapshot(Project project, ExportOptions options, string folder, long? by = null, bool replace = false)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        MustBeFree(folder, replace);
        var unfinished = $"{folder}.{Guid.NewGuid():N}.unfinished";
        Directory.CreateDirectory(unfinished);
        try
        {
            var manifest = database.Read(connection => Write(connection, project, Checked(connection, options), unfinished));
            Put(unfinished, folder, replace);
            database.Write(connection => AuditTrail.Append(connection, time, by, project.Id, "exported", $"{options.Layout}", manifest));
            return manifest;
        }
        finally
        {
            if (Directory.Exists(unfinished))
                Directory.Delete(unfinished, recursive: true);
        }
    }

    ExportManifest Write(SqliteConnection connection, Project project, ExportOptions options, string folder)
    {
        var csv = options.Layout == ExportLayout.Csv;
        var names = csv ? ["decisions.csv"] : options.HeldOut > 0 ? new[] { "train.jsonl", "heldout.jsonl" } : ["train.jsonl"];
        var files = names.Select(name => new FileStream(Path.Combine(folder, name), FileMode.CreateNew)).ToList();
        ExportCounts counts;
        try
        {
            var pass = new ExportPass(connection, project, options);
            if (csv)
                CsvRows.Header(pass.MostAnswers)(files[0]);
            counts = pass.Run((heldOut, row) => row(files[heldOut ? 1 : 0]));
            files.ForEach(file => file.Flush(flushToDisk: true));
        }
        finally
        {
            files.ForEach(file => file.Dispose());
        }
        var manifest = new ExportManifest(
            connection.ExecuteScalar<string>("SELECT id FROM store")!, project.Name, time.GetUtcNow(),
            connection.ExecuteScalar<long>("SELECT coalesce(max(id), 0) FROM decision"), connection.ExecuteScalar<long>("SELECT coalesce(max(id), 0) FROM audit"),
            options, counts, [.. names.Select((name, i) => Describe(Path.Combine(folder, name), i == 0 ? counts.TrainRows : counts.HeldOutRows))]);
        using var written = new FileStream(Path.Combine(folder, Manifest), FileMode.CreateNew);
        written.Write(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(manifest, Indented) + "\n"));
        written.Flush(flushToDisk: true);
        return manifest;
    }

    static ExportFile Describe(string path, int rows)
    {
        using var file = File.OpenRead(path);
        return new(Path.GetFileName(path), rows, file.Length, Convert.ToHexStringLower(SHA256.HashData(file)));
    }

    static void MustBeFree(string folder, bool replace)
    {
        if (File.Exists(folder) || (Directory.Exists(folder) && !(replace && File.Exists(Path.Combine(folder, Manifest)))))
            throw new InvalidDataException(replace
                ? $"{folder} is there and is no export, so it is not replaced; choose another name"
                : $"{folder} is there already; choose another name");
    }

    static void Put(string unfinished, string folder, bool replace)
    {
        if (!replace || !Directory.Exists(folder))
        {
            Directory.Move(unfinished, folder);
            return;
        }
        var old = $"{folder}.{Guid.NewGuid():N}.old";
        Directory.Move(folder, old);
        Directory.Move(unfinished, folder);
        Directory.Delete(old, recursive: true);
    }

    static ExportOptions Checked(SqliteConnection connection, ExportOptions options)
    {
        var known = connection.Query<string>("SELECT name FROM person").ToHashSet(StringComparer.OrdinalIgnoreCase);
        var problems = options.Problems().Concat(options.People.Where(name => !known.Contains(name)).Select(name => $"people: there is nobody named {name}")).ToList();
        return problems.Count == 0 ? options : throw new InvalidDataException(string.Join("\n", problems));
    }
}
