using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapper;

namespace Attune.Store.Export;

/// <summary>Exports annotations as files for training. The same state of the store and the same options give the same bytes.</summary>
public sealed class Exports
{
    /// <summary>The name of the manifest file.</summary>
    public const string Manifest = "manifest.json";

    static readonly JsonSerializerOptions Indented = new(SqlTypes.Json) { WriteIndented = true };

    readonly Database database;
    readonly TimeProvider time;

    internal Exports(Database database, TimeProvider time) => (this.database, this.time) = (database, time);

    /// <summary>Counts what an export would contain.</summary>
    /// <exception cref="InvalidDataException">An option is invalid; the message says which.</exception>
    public ExportCounts Preview(Project project, ExportOptions options) =>
        database.Read(connection => Count(connection, project, options).Run((_, _) => { }));

    /// <summary>Whether an export would have a row; stops at the first one.</summary>
    /// <exception cref="InvalidDataException">An option is invalid; the message says which.</exception>
    public bool HasRows(Project project, ExportOptions options) =>
        database.Read(connection => Count(connection, project, options).HasRows());

    static ExportPass Count(DbConnection connection, Project project, ExportOptions options) =>
        new(connection, project, Checked(connection, project, options), withTexts: false);

    /// <summary>
    /// Writes an export into a new folder, atomically: <c>train.jsonl</c>, <c>heldout.jsonl</c> where prompts are held out, and the
    /// manifest; for a spreadsheet <c>decisions.csv</c>.
    /// </summary>
    /// <param name="project">The project.</param>
    /// <param name="options">What to export.</param>
    /// <param name="folder">The folder to create.</param>
    /// <param name="by">Who exports, for the audit trail; null for the program itself.</param>
    /// <param name="replace">Whether to replace an older export in the folder.</param>
    /// <exception cref="InvalidDataException">An option is invalid, or the folder exists.</exception>
    public ExportManifest Snapshot(Project project, ExportOptions options, string folder, long? by = null, bool replace = false)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        MustBeFree(folder, replace);
        RemoveLeftovers(Path.GetDirectoryName(folder)!, Path.GetFileName(folder));
        var unfinished = $"{folder}.{Guid.NewGuid():N}.unfinished";
        Directory.CreateDirectory(unfinished);
        try
        {
            var manifest = database.Read(connection => Write(connection, project, Checked(connection, project, options), unfinished));
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

    ExportManifest Write(DbConnection connection, Project project, ExportOptions options, string folder)
    {
        var csv = options.Layout == ExportLayout.Csv;
        var names = csv ? ["decisions.csv"] : options.HeldOut > 0 ? new[] { "train.jsonl", "heldout.jsonl" } : ["train.jsonl"];
        var files = names.Select(name => new FileStream(Path.Combine(folder, name), FileMode.Create)).ToList();
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
            SqlDialect.Of(connection).LastId(connection, "decision"),
            connection.ExecuteScalar<long>("SELECT coalesce(max(id), 0) FROM audit"),
            options, counts,
            [.. names.Select((name, i) => Describe(Path.Combine(folder, name), i == 0 ? counts.TrainRows : counts.HeldOutRows))]);
        using var written = new FileStream(Path.Combine(folder, Manifest), FileMode.Create);
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
                ? $"{folder} exists and is not an export, so it is not replaced; choose another name"
                : $"{folder} already exists; choose another name");
    }

    /// <summary>
    /// Removes the folders of killed exports. If one was killed before the new folder got its name, both folders are kept for the user.
    /// </summary>
    static void RemoveLeftovers(string parent, string name)
    {
        if (!Directory.Exists(parent))
            return;
        if (Directory.Exists(Path.Combine(parent, name)) || Directory.GetDirectories(parent, $"{name}.*.old") is [])
            Leftovers.Remove(parent, $"{name}.*.unfinished", $"{name}.*.old");
    }

    static void Put(string unfinished, string folder, bool replace)
    {
        if (replace && Directory.Exists(folder))
            Replace(unfinished, folder);
        else
            Directory.Move(unfinished, folder);
    }

    /// <summary>Replaces a folder; where the file system can exchange two folders, there is no moment without one.</summary>
    static void Replace(string unfinished, string folder)
    {
        var old = $"{folder}.{Guid.NewGuid():N}.old";
        if (FolderExchange.TryExchange(unfinished, folder))
            Directory.Move(unfinished, old);
        else
        {
            Directory.Move(folder, old);
            Directory.Move(unfinished, folder);
        }
        Directory.Delete(old, recursive: true);
    }

    static ExportOptions Checked(DbConnection connection, Project project, ExportOptions options)
    {
        var known = connection.Query<string>("SELECT name FROM person").ToHashSet(StringComparer.OrdinalIgnoreCase);
        string[] redTeam = options.Layout == ExportLayout.Conversations && project.Settings.Dialogue?.Goal == DialogueGoal.RedTeam
            ? ["conversations of a red-team project contain harmful responses, from which a model must not learn; export pairs or hh"] : [];
        var problems = options.Problems().Concat(redTeam).Concat(options.People.Where(name => !known.Contains(name))
            .Select(name => $"people: there is no person named {name}")).ToList();
        return problems.Count == 0 ? options : throw new InvalidDataException(string.Join("\n", problems));
    }
}
