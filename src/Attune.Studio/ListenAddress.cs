using System.Net;
using System.Net.Sockets;

namespace Attune.Studio;

/// <summary>The address that the studio listens on.</summary>
public static class ListenAddress
{
    /// <param name="text">An address and a port, such as 127.0.0.1:5400 or [::1]:5400. Port 0 uses a free one.</param>
    /// <param name="who">What listens, for messages.</param>
    /// <exception cref="InvalidDataException">It is no address with a port, or this machine cannot listen on it.</exception>
    public static IPEndPoint Parse(string text, string who = "the studio")
    {
        if (!IPEndPoint.TryParse(text, out var address) || !HasPort(text))
            throw new InvalidDataException(
                $"--listen must be an address and a port such as 127.0.0.1:5400, 0.0.0.0:5400 or [::1]:5400 (was {text})");
        if (address.Address.IsIPv4MappedToIPv6)
            address = new(address.Address.MapToIPv4(), address.Port);
        MustBeFree(address, who);
        return address;
    }

    /// <summary>An IPv6 address with a port is in brackets.</summary>
    static bool HasPort(string text) =>
        text.StartsWith('[') ? text.Contains("]:", StringComparison.Ordinal) : text.Count(letter => letter == ':') == 1;

    /// <summary>Listens for a moment, since the server's own errors come with a stack trace.</summary>
    static void MustBeFree(IPEndPoint address, string who)
    {
        try
        {
            using var listener = new TcpListener(address);
            listener.Start();
        }
        catch (SocketException error)
        {
            throw new InvalidDataException($"{who} cannot listen on {address}: {Reason(error, address)}", error);
        }
    }

    static IPEndPoint Neighbour(IPEndPoint address) => new(address.Address, address.Port == ushort.MaxValue ? 5400 : address.Port + 1);

    static string Reason(SocketException error, IPEndPoint address) => error.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse =>
            $"another program uses this port, perhaps another one of this kind; choose another one, such as --listen {Neighbour(address)}",
        SocketError.AddressNotAvailable => "this machine does not have this address; use 0.0.0.0 to listen on all addresses that it has",
        SocketError.AddressFamilyNotSupported => "this machine does not support this kind of address; use one such as 127.0.0.1:5400",
        SocketError.AccessDenied => "ports below 1024 need special rights; choose a higher one",
        _ => error.Message,
    };
}
