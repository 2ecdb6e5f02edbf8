using System.Net;
using System.Net.Sockets;

namespace Attune.Torch.Distributed;

/// <summary>The address at which the other ranks reach this one.</summary>
static class OwnAddress
{
    /// <summary>
    /// The loopback address when all ranks are on this machine. Otherwise the address of the host name, as PyTorch chooses, or, where that
    /// is a loopback address (127.0.1.1 on Debian), the address with which this machine reaches rank 0.
    /// </summary>
    /// <exception cref="RankException">Only loopback addresses were found.</exception>
    public static string Find(RankEnvironment environment)
    {
        if (environment.LocalCount == environment.Count)
            return IPAddress.Loopback.ToString();
        var found = AddressesOf(Dns.GetHostName()).Where(IsOwn).Concat(AddressesOf(environment.MasterAddress).Select(AddressTowards));
        return found.FirstOrDefault(address => address is not null && !IPAddress.IsLoopback(address))?.ToString()
            ?? throw new RankException(
                $"Rank {environment.Rank} found no address at which other machines can reach it: the host name {Dns.GetHostName()} and the "
                + $"way to {environment.MasterAddress} lead to loopback addresses. Set GLOO_SOCKET_IFNAME to a network interface (`ip link`).");
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
