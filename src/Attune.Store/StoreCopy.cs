using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using Dapper;

namespace Attune.Store;

/// <summary>A table that was copied.</summary>
/// <param name="Name">The table.</param>
/// <param name="Rows">How many rows it has.</param>
public sealed record CopiedTable(string Name, long Rows);

/// <summary>
/// Copies a whole store between a file and a PostgreSQL database: people, sessions, ids and the audit trail stay as they are. It is one
/// state of the store, which others may use meanwhile, and one transaction in the new one.
/// </summary>
public static class StoreCopy
{
    /// <param name="from">The store to copy: a file or the address of a PostgreSQL database.</param>
    /// <param name="to">The new store, which has no people and projects yet.</param>
    /// <exception cref="InvalidDataException">There is no store to copy, the new one has people or projects, or a table differs after
    /// copying; nothing is copied then.</exception>
    public static IReadOnlyList<CopiedTable> Run(string from, string to)
    {
        if (!PreferenceStore.IsPostgres(from) && !File.Exists(from))
            throw new InvalidDataException($"there is no store {from}");
        SqlTypes.Register();
        using var source = Database.Open(from);
        using var target = Database.Open(to);
        return source.Read(reading => target.Write(writing => Copy(reading, writing)));
    }

    static List<CopiedTable> Copy(DbConnection source, DbConnection target)
    {
        if (target.ExecuteScalar<bool>("SELECT EXISTS (SELECT 1 FROM person) OR EXISTS (SELECT 1 FROM project)"))
            throw new InvalidDataException("the new store has people or projects; choose a file that does not exist, or an empty database");
        var copied = new List<CopiedTable>();
        SqlDialect.Of(target).WithoutTriggers(target, Database.Tables, () =>
        {
            foreach (var table in Database.Tables.Reverse())
                target.Execute($"DELETE FROM {table}");
            copied.AddRange(Database.Tables.Select(table => Copy(source, target, table)));
        });
        return copied;
    }

    /// <exception cref="InvalidDataException">What the new store returns is not what was read from the old one.</exception>
    static CopiedTable Copy(DbConnection source, DbConnection target, string table)
    {
        var (read, written) = (new Digest(), new Digest());
        using (var rows = source.ExecuteReader($"SELECT * FROM {table}"))
        {
            var columns = Enumerable.Range(0, rows.FieldCount).Select(rows.GetName).ToList();
            SqlDialect.Of(target).Insert(target, table, columns, read.Of(rows));
            using var inserted = target.ExecuteReader($"SELECT {string.Join(", ", columns)} FROM {table}");
            foreach (var _ in written.Of(inserted))
            {
            }
        }
        if (read != written)
            throw new InvalidDataException(
                $"the table {table} differs after copying ({read.Rows} rows were read, {written.Rows} written); nothing was copied");
        if (Database.HasIds(table))
            SqlDialect.Of(target).SetLastId(target, table, Math.Max(
                SqlDialect.Of(source).LastId(source, table), target.ExecuteScalar<long>($"SELECT coalesce(max(id), 0) FROM {table}")));
        return new(table, read.Rows);
    }

    /// <summary>The number of rows and the sum of their hashes, which does not depend on their order.</summary>
    sealed record Digest
    {
        UInt128 sum;

        public long Rows { get; private set; }

        /// <summary>The values of rows, which are added to the digest as they are read.</summary>
        public IEnumerable<object?[]> Of(System.Data.IDataReader rows)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            while (rows.Read())
            {
                var row = new object?[rows.FieldCount];
                for (var i = 0; i < row.Length; i++)
                    hash.AppendData(Bytes(row[i] = rows.IsDBNull(i) ? null : rows.GetValue(i)));
                sum = unchecked(sum + System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash.GetHashAndReset()));
                Rows++;
                yield return row;
            }
        }

        /// <summary>A value with its kind and length in front.</summary>
        static byte[] Bytes(object? value)
        {
            byte[] bytes = value switch
            {
                null => [],
                string text => Encoding.UTF8.GetBytes(text),
                byte[] blob => blob,
                double number => BitConverter.GetBytes(number),
                _ => BitConverter.GetBytes((long)value),
            };
            return [.. Encoding.ASCII.GetBytes($"{value?.GetType().Name} {bytes.Length} "), .. bytes];
        }
    }
}
