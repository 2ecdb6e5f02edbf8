using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Attune.Torch.Distributed;

/// <summary>The address at which the other ranks reach this one.</summary>
static class OwnAddress
{
    const string InterfaceName = "GLOO_SOCKET_IFNAME";

    /// <summary>
    /// The address of the network interface that GLOO_SOCKET_IFNAME names. Without it, the loopback address when all ranks are on this
    /// machine; otherwise the address of the host name, as PyTorch chooses, or, where that is a loopback address (127.0.1.1 on Debian), the
    /// address with which this machine reaches rank 0.
    /// </summary>
    /// <exception cref="RankFailedException">There is no such interface, or only loopback addresses were found.</exception>
    public static string Find(RankEnvironment environment)
    {
        if (Environment.GetEnvironmentVariable(InterfaceName) is { Length: > 0 } name)
            return OfInterface(name).ToString();
        if (environment.LocalCount == environment.Count)
            return IPAddress.Loopback.ToString();
        var ofName = AddressesOf(Dns.GetHostName()).Where(IsOwn);
        var towardsFirst = AddressesOf(environment.MasterAddress).Select(AddressTowards);
        return ofName.Concat(towardsFirst).FirstOrDefault(address => address is not null && !IPAddress.IsLoopback(address))?.ToString()
            ?? throw new RankFailedException(
                $"Rank {environment.Rank} found no address at which other machines can reach it: the host name {Dns.GetHostName()} and "
                + $"{environment.MasterAddress} lead to loopback addresses. Set {InterfaceName} to a network interface (`ip link`).");
    }

    static IPAddress OfInterface(string name)
    {
        var all = NetworkInterface.GetAllNetworkInterfaces();
        var addresses = all.FirstOrDefault(candidate => candidate.Name == name)?.GetIPProperties().UnicastAddresses;
        return addresses?.Select(entry => entry.Address).OrderBy(address => address.AddressFamily).FirstOrDefault()
            ?? throw new RankFailedException(
                $"{InterfaceName} names {name}, which is no network interface with an address. This machine has "
                + $"{string.Join(", ", all.Select(candidate => candidate.Name))}.");
    }

    /// <summary>IPv4 before IPv6.</summary>
    static IEnumerable<IPAddress> AddressesOf(string host)
    {
        try
        {
            return Dns.GetHostAddresses(host).OrderBy(address => address.AddressFamily);
        }
        catch (SocketException)                                     // the name has no address
        {
            return [];
        }
    }

    static bool IsOwn(IPAddress address)
    {
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, port: 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    static IPAddress? AddressTowards(IPAddress other)
    {
        try
        {
            using var socket = new Socket(other.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(other, port: 9);                         // sends nothing: chooses a route
            return ((IPEndPoint)socket.LocalEndPoint!).Address;
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
