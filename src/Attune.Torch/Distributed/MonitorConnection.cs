using System.Net.Sockets;
using System.Text;

namespace Attune.Torch.Distributed;

/// <summary>What a rank and the monitor of rank 0 send each other.</summary>
enum MonitorMessageKind : byte
{
    /// <summary>A rank introduces itself: the job's token is the text.</summary>
    Join,

    /// <summary>All ranks have joined.</summary>
    Start,

    /// <summary>The sender is alive; a rank adds the exchange that it waits in, or has completed.</summary>
    Beat,

    /// <summary>A rank has failed: the text says why.</summary>
    Failed,

    /// <summary>A rank has ended without a failure.</summary>
    Left,
}

/// <param name="Kind">What is said.</param>
/// <param name="Rank">Of which rank.</param>
/// <param name="Exchange">The number of the rank's last exchange.</param>
/// <param name="Seconds">For how long the rank has waited in it; 0 when it is complete.</param>
/// <param name="Text">Details of a failure.</param>
readonly record struct MonitorMessage(MonitorMessageKind Kind, int Rank, long Exchange = 0, double Seconds = 0, string Text = "");

/// <summary>A connection between a rank and the monitor of rank 0.</summary>
sealed class MonitorConnection : IDisposable
{
    readonly TcpClient client;
    readonly BinaryReader reader;
    readonly NetworkStream stream;
    readonly Lock sending = new();

    public MonitorConnection(TcpClient client)
    {
        this.client = client;
        client.NoDelay = true;
        client.SendTimeout = 5000;
        stream = client.GetStream();
        reader = new(stream, Encoding.UTF8);
    }

    /// <summary>Whether the connection took the message.</summary>
    public bool Send(MonitorMessage message)
    {
        using var bytes = new MemoryStream();
        using (var writer = new BinaryWriter(bytes, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write((byte)message.Kind);
            writer.Write(message.Rank);
            writer.Write(message.Exchange);
            writer.Write(message.Seconds);
            writer.Write(message.Text);
        }
        lock (sending)
        {
            try
            {
                stream.Write(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
                return true;
            }
            catch (Exception error) when (error is IOException or ObjectDisposedException)
            {
                return false;                                      // the reader of this connection reports it
            }
        }
    }

    /// <summary>The next message; null when the connection is closed.</summary>
    public MonitorMessage? Read()
    {
        try
        {
            return new(
                (MonitorMessageKind)reader.ReadByte(), reader.ReadInt32(), reader.ReadInt64(), reader.ReadDouble(), reader.ReadString());
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or FormatException)
        {
            return null;
        }
    }

    public void Dispose() => client.Dispose();
}
