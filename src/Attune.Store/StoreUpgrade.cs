using Dapper;
using Microsoft.Data.Sqlite;

namespace Attune.Store;

/// <summary>
/// Brings a store of an earlier version to the current one: every table is created anew and filled from the old one, in one transaction.
/// https://sqlite.org/lang_altertable.html#otheralter
/// </summary>
static class StoreUpgrade
{
    const string Old = "old_";

    /// <summary>The condition for the account of imported decisions in version 1, whose table has no mark.</summary>
    const string IsImporterOfVersion1 =
        "name = 'imported' AND role = 'Annotator' AND disabled = 1 AND password IS NULL AND link IS NULL";

    /// <summary>The SQL condition for the account of imported decisions, in a store of any version.</summary>
    public static string IsImporter(SqliteConnection connection) =>
        SqliteDatabase.VersionOf(connection) == 1 ? IsImporterOfVersion1 : "special IS 'Imported'";

    /// <param name="connection">A connection without a transaction and without cached statements.</param>
    /// <param name="schema">The current schema, which also sets the version.</param>
    /// <param name="isCurrent">Whether the store has the current version.</param>
    public static void Run(SqliteConnection connection, string schema, Func<bool> isCurrent)
    {
        Execute(connection, "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE");
        if (!isCurrent())                   // another process may have done it in the meantime
            Rebuild(connection, schema);
        if (connection.Query("PRAGMA foreign_key_check").Any())
            throw new InvalidDataException($"{connection.DataSource} is damaged: foreign keys refer to missing rows; restore a backup");
        Execute(connection, "COMMIT; PRAGMA foreign_keys = ON");
    }

    static void Rebuild(SqliteConnection connection, string schema)
    {
        foreach (var (name, type, _) in Objects(connection).Where(each => each.Type is "trigger" or "index"))
            Execute(connection, $"DROP {type} {name}");
        foreach (var (name, _, _) in Objects(connection))
            Execute(connection, $"ALTER TABLE {name} RENAME TO {Old}{name}");
        Execute(connection, schema);
        var triggers = Objects(connection).Where(each => each.Type == "trigger").ToList();
        triggers.ForEach(trigger => Execute(connection, $"DROP TRIGGER {trigger.Name}"));
        var old = Objects(connection).Where(each => IsOld(each.Name)).Select(each => each.Name).ToList();
        old.ForEach(table => Fill(connection, table[Old.Length..]));
        old.ForEach(table => Execute(connection, $"DROP TABLE {table}"));
        MarkPeople(connection);
        triggers.ForEach(trigger => Execute(connection, trigger.Sql));
    }

    static void Fill(SqliteConnection connection, string table)
    {
        var columns = string.Join(", ", Columns(connection, Old + table).Intersect(Columns(connection, table), StringComparer.Ordinal));
        Execute(connection, $"DELETE FROM {table}; INSERT INTO {table} ({columns}) SELECT {columns} FROM {Old}{table}");
    }

    /// <summary>
    /// Marks the accounts that version 1 found by their names, and renames others that have these names. Sets the next id of a decision
    /// above those of all withdrawn decisions: the audit trail and the imported decisions give an upper bound.
    /// </summary>
    static void MarkPeople(SqliteConnection connection) => Execute(connection, $"""
        UPDATE person SET special = 'Imported' WHERE {IsImporterOfVersion1};
        UPDATE person SET special = 'Local' WHERE name = 'You' AND role = 'Owner';
        INSERT INTO audit (at, action, subject) SELECT unixepoch() * 1000, 'renamed', name || ' is now ' || name || ' ' || id
          FROM person WHERE special IS NULL AND name IN ('imported', 'You');
        UPDATE person SET name = name || ' ' || id WHERE special IS NULL AND name IN ('imported', 'You');
        UPDATE sqlite_sequence SET seq = max(seq, (SELECT count(*) FROM audit WHERE action IN ('decided', 'settled'))
          + (SELECT count(*) FROM decision WHERE person_id IN (SELECT id FROM person WHERE special = 'Imported'))) WHERE name = 'decision';
        """);

    static bool IsOld(string table) => table.StartsWith(Old, StringComparison.Ordinal);

    static List<(string Name, string Type, string Sql)> Objects(SqliteConnection connection) =>
        connection.Query<(string, string, string)>(
            "SELECT name, type, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite!_%' ESCAPE '!'").AsList();

    static List<string> Columns(SqliteConnection connection, string table) =>
        connection.Query<string>("SELECT name FROM pragma_table_info(@table)", new { table }).AsList();

    static void Execute(SqliteConnection connection, string sql)
    {
        using var command = new SqliteCommand(sql, connection);
        command.ExecuteNonQuery();
    }
}
