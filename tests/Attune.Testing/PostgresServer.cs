using System.Diagnostics;

namespace Attune.Testing;

/// <summary>
/// A PostgreSQL server of this test run in a temporary folder, reached over a Unix socket. It does not wait for the disk. It ends with the
/// process of the tests, also where that is killed: its shell reads the end of the standard input.
/// </summary>
public sealed class PostgresServer
{
    const string Debian = "/usr/lib/postgresql";

    /// <summary>PostgreSQL refuses to run as root.</summary>
    const string Script = """
        set -e
        as=
        if [ "$(id -u)" = 0 ]; then chown postgres "$1"; as="setpriv --reuid=postgres --regid=postgres --clear-groups"; fi
        cd "$1"
        $as "$2/initdb" -D "$1/data" --no-sync -E UTF8 --locale=C.UTF-8 -A trust -U attune >/dev/null
        $as "$2/postgres" -D "$1/data" -k "$1" -c listen_addresses= -c fsync=off -c max_connections=200 >"$1/log" 2>&1 &
        read -r _ || true
        kill -INT $!
        wait || true
        rm -rf "$1"
        """;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    static readonly Lazy<PostgresServer> Shared = new(() => new());

    readonly string folder = Directory.CreateTempSubdirectory("attune-pg-").FullName;
    readonly string programs = Programs();
    int databases;

    PostgresServer()
    {
        var start = new ProcessStartInfo("sh") { UseShellExecute = false, RedirectStandardInput = true };
        foreach (var word in new[] { "-c", Script, "sh", folder, programs })
            start.ArgumentList.Add(word);
        var process = Process.Start(start)!;
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            process.StandardInput.Close();
            process.WaitForExit();
        };
        var clock = Stopwatch.StartNew();
        while (!IsReady())
        {
            if (process.HasExited || clock.Elapsed > Patience)
                throw new InvalidOperationException($"PostgreSQL did not start; see {folder}/log");
            Thread.Sleep(20);
        }
    }

    bool IsReady()
    {
        var file = Path.Combine(folder, "data", "postmaster.pid");
        return File.Exists(file) && File.ReadAllText(file).Contains("ready", StringComparison.Ordinal);
    }

    static string Programs() =>
        Directory.Exists(Debian) && Directory.GetDirectories(Debian).Order(StringComparer.Ordinal).LastOrDefault() is { } version
        ? Path.Combine(version, "bin")
        : throw new InvalidOperationException("the tests need PostgreSQL: `eng/setup.sh tests` installs it");

    /// <summary>Creates an empty database on the server of this process.</summary>
    /// <returns>Its address.</returns>
    public static string CreateDatabase()
    {
        var server = Shared.Value;
        var name = $"test{Interlocked.Increment(ref server.databases)}";
        using var create = Process.Start(Path.Combine(server.programs, "createdb"), ["-h", server.folder, "-U", "attune", name]);
        create.WaitForExit();
        return create.ExitCode == 0 ? $"postgresql://attune@/{name}?host={server.folder}"
            : throw new InvalidOperationException($"the database {name} could not be created; see {server.folder}/log");
    }
}
