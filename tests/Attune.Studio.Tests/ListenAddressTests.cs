using System.Net;
using System.Net.Sockets;

namespace Attune.Studio.Tests;

public sealed class ListenAddressTests
{
    [Theory]
    [InlineData("127.0.0.1:0", "127.0.0.1")]
    [InlineData("[::ffff:127.0.0.1]:0", "127.0.0.1")]
    [InlineData("0.0.0.0:0", "0.0.0.0")]
    public void Parse_AddressOfThisMachine_IsTaken(string text, string expected) =>
        Assert.Equal(expected, ListenAddress.Parse(text).Address.ToString());

    [Theory]
    [InlineData("5400", "--listen must be an address and a port")]
    [InlineData("127.0.0.1", "--listen must be an address and a port")]
    [InlineData("::1", "--listen must be an address and a port")]
    [InlineData("[::1]", "--listen must be an address and a port")]
    [InlineData("localhost:5400", "--listen must be an address and a port")]
    [InlineData("203.0.113.7:5400", "this machine does not have this address")]
    public void Parse_OtherAddress_SaysWhatToDo(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => ListenAddress.Parse(text)).Message);

    [Fact]
    public void Parse_PortInUse_SaysSo()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var error = Assert.Throws<InvalidDataException>(() => ListenAddress.Parse($"{other.LocalEndpoint}"));
        Assert.Contains("another program uses this port", error.Message);
    }
}
