using System.Globalization;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Attune.Studio.Security;

/// <summary>
/// How many connections the server holds. Each takes a file descriptor, and .NET ends the process when it cannot open another one; so
/// connections get a quarter of those that the process may open.
/// </summary>
public static class Connections
{
    const int Most = 5_000;
    const int ShareOfDescriptors = 4;

    /// <summary>Below this limit there is a <see cref="Notice"/>: browsers open up to six connections for a page.</summary>
    const int Few = 1_000;

    static readonly TimeSpan Idle = TimeSpan.FromSeconds(30);

    /// <summary>The most connections at a time.</summary>
    public static int Limit { get; } = LimitOf(Descriptors());

    /// <summary>A notice for whoever starts the studio if the limit is small; otherwise null.</summary>
    public static string? Notice => Limit >= Few ? null
        : $"this process may open {Descriptors():N0} files, so the studio accepts {Limit:N0} connections at a time; "
            + "for a team raise the limit, for example with `ulimit -n 65536`";

    internal static int LimitOf(int descriptors) => Math.Min(Most, descriptors / ShareOfDescriptors);

    internal static void Bound(KestrelServerLimits limits)
    {
        limits.MaxConcurrentConnections = Limit;
        limits.KeepAliveTimeout = Idle;
    }

    /// <summary>How many files the process may open: RLIMIT_NOFILE, from /proc.</summary>
    static int Descriptors()
    {
        const string Limits = "/proc/self/limits", Name = "Max open files";
        const int Usual = 1024;
        var lines = File.Exists(Limits) ? File.ReadLines(Limits) : [];
        var line = lines.FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal));
        var soft = line?[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return soft == "unlimited" ? int.MaxValue : int.TryParse(soft, CultureInfo.InvariantCulture, out var limit) ? limit : Usual;
    }
}
