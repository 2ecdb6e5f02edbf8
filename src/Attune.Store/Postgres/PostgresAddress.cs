using System.Globalization;
using System.Text.RegularExpressions;
using System.Web;
using Npgsql;

namespace Attune.Store.Postgres;

/// <summary>
/// The address of a PostgreSQL database: a URI as libpq reads it, or a connection string of Npgsql.
/// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
/// </summary>
static partial class PostgresAddress
{
    const string Format = "postgresql://USER@HOST/DATABASE";
    const string Sockets = "/var/run/postgresql";     // Debian's folder of Unix sockets

    public static bool IsAddress(string store) => IsUri(store) || store.Contains("Host=", StringComparison.OrdinalIgnoreCase);

    /// <exception cref="InvalidDataException">It cannot be read; the message does not contain a password.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string store)
    {
        try
        {
            var address = IsUri(store) ? OfUri(store) : new NpgsqlConnectionStringBuilder(store);
            return address.Database is { Length: > 0 } ? address
                : throw new InvalidDataException($"the address of the store names no database; write it as {Format}");
        }
        catch (Exception error) when (error is ArgumentException or FormatException or OverflowException)
        {
            throw new InvalidDataException($"the address of the store cannot be read ({error.Message}); write it as {Format}", error);
        }
    }

    /// <summary>The address for messages, without user and password.</summary>
    public static string Shown(NpgsqlConnectionStringBuilder address) =>
        $"postgresql://{address.Host}{(address.Port == NpgsqlConnection.DefaultPort ? "" : $":{address.Port}")}/{address.Database}";

    static bool IsUri(string store) => store.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase)
        || store.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase);

    static NpgsqlConnectionStringBuilder OfUri(string uri)
    {
        var parts = Parts().Match(uri) is { Success: true } match ? match.Groups : throw new FormatException("it is not a URI");
        var address = new NpgsqlConnectionStringBuilder
        {
            Host = Part("host") ?? (Directory.Exists(Sockets) ? Sockets : "localhost"), Database = Part("database"),
            Username = Part("user"), Password = Part("password"),
        };
        if (Part("port") is { } port)
            address.Port = int.Parse(port, CultureInfo.InvariantCulture);
        var options = HttpUtility.ParseQueryString(Part("options") ?? "");
        foreach (var name in options.AllKeys.OfType<string>())
            address[NpgsqlName(name)] = name == "sslmode" ? options[name]!.Replace("-", "", StringComparison.Ordinal) : options[name]!;
        return address;

        string? Part(string name) => parts[name] is { Length: > 0 } part ? Uri.UnescapeDataString(part.Value) : null;
    }

    [GeneratedRegex(@"^[a-z]+://((?<user>[^:@/]*)(:(?<password>[^@/]*))?@)?(?<host>\[[^\]]*\]|[^:/?]*)(:(?<port>\d+))?"
        + @"(/(?<database>[^?]*))?(\?(?<options>.*))?$",
        RegexOptions.IgnoreCase | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Parts();

    /// <summary>Npgsql's name of a parameter of libpq.</summary>
    static string NpgsqlName(string name) => name switch
    {
        "sslmode" => "SSL Mode",
        "sslrootcert" => "Root Certificate",
        "sslcert" => "SSL Certificate",
        "sslkey" => "SSL Key",
        "application_name" => "Application Name",
        "connect_timeout" => "Timeout",
        _ => name,
    };
}
