using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Attune.Reporting.Files;

/// <summary>
/// A TensorBoard event file: records of TFRecord (length, its CRC-32C, bytes, their CRC-32C) that hold Event messages of protocol buffers.
/// https://github.com/tensorflow/tensorboard, https://www.tensorflow.org/tutorials/load_data/tfrecord
/// </summary>
public sealed class EventFile : IDisposable
{
    const string Prefix = "events.out.tfevents.";
    const string Version = "brain.Event:2";
    const uint MaskDelta = 0xa282ead8;

    /// <summary>The data type of strings, and the status of a session that starts.</summary>
    const int StringType = 7, Start = 1;

    readonly FileStream stream;

    /// <summary>
    /// Opens a new file in a run's folder. TensorBoard drops what earlier files of the folder have of this step and later ones.
    /// </summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="step">The first step that is written.</param>
    public EventFile(string folder, int step)
    {
        stream = Create(folder);
        Write(new Message().Text(3, Version));
        Write(new Message().Whole(2, step).Inner(7, new Message().Whole(1, Start)));
    }

    /// <summary>TensorBoard reads the files of a folder in the order of their names.</summary>
    static FileStream Create(string folder)
    {
        for (var number = 0; ; number++)
        {
            var seconds = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
            var name = $"{Prefix}{seconds:D10}.{Environment.MachineName}.{Environment.ProcessId}.{number}";
            if (Path.Combine(folder, name) is var path && !File.Exists(path))
                return new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        }
    }

    /// <summary>Writes values by name.</summary>
    public void WriteScalars(int step, IEnumerable<(string Name, double Value)> values)
    {
        var summary = new Message();
        foreach (var (name, value) in values)
            summary.Inner(1, new Message().Text(1, name).Float(2, (float)value));
        Write(new Message().Whole(2, step).Inner(5, summary));
    }

    /// <summary>Writes a text, which TensorBoard shows as Markdown.</summary>
    public void WriteText(int step, string name, string text)
    {
        var value = new Message()
            .Text(1, name)
            .Inner(9, new Message().Inner(1, new Message().Text(1, "text")))                     // the plug-in that shows it
            .Inner(8, new Message().Whole(1, StringType).Inner(2, new Message().Inner(2, new Message().Whole(1, 1))).Text(8, text));
        Write(new Message().Whole(2, step).Inner(5, new Message().Inner(1, value)));
    }

    void Write(Message message)
    {
        message.Double(1, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0);
        var bytes = message.ToArray();
        var length = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, bytes.Length);
        stream.Write(length);
        stream.Write(BitConverter.GetBytes(MaskedCrc(length)));
        stream.Write(bytes);
        stream.Write(BitConverter.GetBytes(MaskedCrc(bytes)));
        stream.Flush();
    }

    static uint MaskedCrc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return BitOperations.RotateRight(~crc, 15) + MaskDelta;
    }

    public void Dispose() => stream.Dispose();

    /// <summary>A message of protocol buffers: each field is its number with the kind of its value, and the value.</summary>
    sealed class Message
    {
        const int Varint = 0, Bits64 = 1, Bytes = 2, Bits32 = 5;

        readonly List<byte> content = [];

        public Message Whole(int field, long value)
        {
            Key(field, Varint);
            WriteVarint((ulong)value);
            return this;
        }

        public Message Double(int field, double value)
        {
            Key(field, Bits64);
            content.AddRange(BitConverter.GetBytes(value));
            return this;
        }

        public Message Float(int field, float value)
        {
            Key(field, Bits32);
            content.AddRange(BitConverter.GetBytes(value));
            return this;
        }

        public Message Text(int field, string text) => Inner(field, Encoding.UTF8.GetBytes(text));

        public Message Inner(int field, Message message) => Inner(field, message.ToArray());

        Message Inner(int field, byte[] bytes)
        {
            Key(field, Bytes);
            WriteVarint((ulong)bytes.Length);
            content.AddRange(bytes);
            return this;
        }

        public byte[] ToArray() => [.. content];

        void Key(int field, int kind) => WriteVarint((ulong)(field << 3 | kind));

        void WriteVarint(ulong value)
        {
            for (; value >= 128; value >>= 7)
                content.Add((byte)(value | 128));
            content.Add((byte)value);
        }
    }
}
