using System.Net;
using System.Net.Sockets;

namespace Attune.Cli.Launch;

/// <summary>The processes of a job that one call of <c>attune launch</c> starts.</summary>
/// <param name="Processes">How many on this machine.</param>
/// <param name="Machines">How many machines; each has as many processes.</param>
/// <param name="Machine">This machine, from 0.</param>
/// <param name="MasterAddress">Machine 0.</param>
/// <param name="MasterPort">The port of the job's store there; 0 chooses a free one, with one machine.</param>
/// <param name="RankTimeout">How many seconds ranks wait for each other.</param>
sealed record LaunchOptions(int Processes, int Machines, int Machine, string MasterAddress, int MasterPort, int RankTimeout)
{
    /// <exception cref="InvalidDataException">A value is out of range.</exception>
    public LaunchOptions Checked()
    {
        Require(Processes >= 1, $"--processes must be at least 1 (was {Processes}).");
        Require(Machines >= 1, $"--machines must be at least 1 (was {Machines}).");
        Require(Machine >= 0 && Machine < Machines, $"--machine must be from 0 to {Machines - 1} (was {Machine}).");
        Require(MasterPort is >= 0 and <= 65535, $"--master-port must be a port, 1 to 65535 (was {MasterPort}).");
        Require(RankTimeout >= 1, $"--rank-timeout must be at least 1 second (was {RankTimeout}).");
        if (Machines == 1)
            return this with { MasterAddress = "127.0.0.1", MasterPort = MasterPort == 0 ? FreePort() : MasterPort };
        Require(MasterAddress.Length > 0, "With several machines, give --master-address: the name or address of machine 0.");
        return this with { MasterPort = MasterPort == 0 ? 29500 : MasterPort };
    }

    static void Require(bool holds, string message)
    {
        if (!holds)
            throw new InvalidDataException(message);
    }

    /// <summary>
    /// A free port. Systems give ports from 32768 to outgoing connections, one of which could take it before rank 0 does.
    /// </summary>
    static int FreePort()
    {
        while (true)
        {
            using var listener = new TcpListener(IPAddress.Any, Random.Shared.Next(20000, 32768));
            try
            {
                listener.Start();
                return ((IPEndPoint)listener.LocalEndpoint).Port;
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // Another program listens there.
            }
        }
    }
}
