using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;

namespace Attune.Studio.Security;

/// <summary>
/// Rate limits of sign-in with a password. A browser that the person has used before (<see cref="KnownBrowser"/>) has a limit of its own,
/// so that wrong attempts of others, from the same address or from anywhere, do not lock the person out. Personal links cannot be guessed
/// and have no limit.
/// </summary>
/// <remarks>
/// Addresses and names are hashed into a fixed number of partitions, so what a sender can make the limiters hold is bounded.
/// </remarks>
sealed class SignInLimits : IDisposable
{
    const int OfAnAddress = 300;              // a minute, since a team may share an address
    const int OfANameAtAnAddress = 10;        // a minute
    const int OfABrowser = 10;                // a minute
    const int OfAName = 100;                  // an hour, from all addresses together

    const int Partitions = 1 << 14;
    const int NetworkBytes = 8;

    static readonly TimeSpan Minute = TimeSpan.FromMinutes(1), Hour = TimeSpan.FromHours(1);

    readonly PartitionedRateLimiter<int> addresses = Create(OfAnAddress, Minute);
    readonly PartitionedRateLimiter<int> namesAtAddresses = Create(OfANameAtAnAddress, Minute);
    readonly PartitionedRateLimiter<int> names = Create(OfAName, Hour);
    readonly PartitionedRateLimiter<int> browsers = Create(OfABrowser, Minute);

    /// <summary>Whether the sender may try a password for this name now.</summary>
    /// <param name="context">The request.</param>
    /// <param name="name">The name as it is compared; the same for all names that nobody can have.</param>
    public bool Allow(HttpContext context, string name)
    {
        var network = Network(context.Connection.RemoteIpAddress ?? IPAddress.None);
        return Allow(addresses, network.GetHashCode())
            && Allow(namesAtAddresses, HashCode.Combine(network, name)) && Allow(names, name.GetHashCode(StringComparison.Ordinal));
    }

    /// <summary>Whether a person may try a password now in a browser in which they have signed in before.</summary>
    /// <param name="key">What has the limit: the id of the browser, or the signed-in person.</param>
    public bool AllowKnown(string key) => Allow(browsers, key.GetHashCode(StringComparison.Ordinal));

    static bool Allow(PartitionedRateLimiter<int> limiter, int hash)
    {
        using var lease = limiter.AttemptAcquire(HashCode.Combine(hash) & (Partitions - 1));     // HashCode is seeded in each process
        return lease.IsAcquired;
    }

    /// <summary>The address; of an IPv6 address the first 64 bits, since whoever has one address has all of its network.</summary>
    static IPAddress Network(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(NetworkBytes).Clear();
        return new(bytes);
    }

    static PartitionedRateLimiter<int> Create(int attempts, TimeSpan window) => PartitionedRateLimiter.Create<int, int>(
        partition => RateLimitPartition.GetFixedWindowLimiter(partition, _ => new() { PermitLimit = attempts, Window = window }));

    public void Dispose()
    {
        foreach (var limiter in new[] { addresses, namesAtAddresses, names, browsers })
            limiter.Dispose();
    }
}
