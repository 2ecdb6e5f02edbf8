using System.Text;
using Attune.Reporting.Files;
using Attune.Testing;

namespace Attune.Reporting.Tests;

/// <summary>Event files, read by a reader that was written from the formats' definitions and shares no code with the writer.</summary>
public sealed class EventFileTests : IDisposable
{
    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void File_HasVersionScalarsAndTexts()
    {
        using (var file = new EventFile(folder.Path, step: 4))
        {
            file.WriteScalars(5, [("loss", 0.25), ("eval/score", double.NaN)]);
            file.WriteText(300, "samples", "Where is the pool? – On floor 12.");
        }
        var path = Assert.Single(Directory.GetFiles(folder.Path));
        Assert.StartsWith("events.out.tfevents.", Path.GetFileName(path));
        var events = TfRecords.Read(path).Select(Fields.Of).ToList();
        Assert.All(events, item => Assert.InRange(item.Double(1), 1.7e9, 1e11));
        Assert.Equal("brain.Event:2", events[0].Text(3));
        Assert.Equal((4UL, 1UL), (events[1].Whole(2), events[1].Inner(7).Whole(1)));
        Assert.Equal(5UL, events[2].Whole(2));
        var scalars = events[2].Inner(5).All(1).Select(value => Fields.Of((byte[])value)).ToList();
        Assert.Equal(["loss", "eval/score"], scalars.Select(value => value.Text(1)));
        Assert.Equal([0.25f, float.NaN], scalars.Select(value => value.Float(2)));
        var text = events[3].Inner(5).Inner(1);
        Assert.Equal((300UL, "samples", "text"), (events[3].Whole(2), text.Text(1), text.Inner(9).Inner(1).Text(1)));
        Assert.Equal((7UL, 1UL), (text.Inner(8).Whole(1), text.Inner(8).Inner(2).Inner(2).Whole(1)));
        Assert.Equal("Where is the pool? – On floor 12.", text.Inner(8).Text(8));
    }

    [Fact]
    public void Files_OfAResumedRun_HaveNamesInOrder()
    {
        for (var i = 0; i < 3; i++)
            using (var file = new EventFile(folder.Path, i))
                file.WriteScalars(i, [("x", i)]);
        var steps = Directory.GetFiles(folder.Path).Order(StringComparer.Ordinal)
            .Select(path => Fields.Of(TfRecords.Read(path).ElementAt(1)).Whole(2));
        Assert.Equal([0UL, 1, 2], steps);
    }

    /// <summary>The published check values of CRC-32C: RFC 3720, appendix B.4, and "123456789".</summary>
    [Fact]
    public void Crc32C_OfTheReader_HasPublishedValues()
    {
        Assert.Equal(0xE3069283, TfRecords.Crc("123456789"u8));
        Assert.Equal(0x8A9136AA, TfRecords.Crc(new byte[32]));
        Assert.Equal(0x62A8AB43u, TfRecords.Crc([.. Enumerable.Repeat((byte)0xFF, 32)]));
        Assert.Equal(0x46DD794Eu, TfRecords.Crc([.. Enumerable.Range(0, 32).Select(i => (byte)i)]));
    }

    static class TfRecords
    {
        public static IEnumerable<byte[]> Read(string path)
        {
            using var reader = new BinaryReader(File.OpenRead(path));
            while (reader.BaseStream.Position < reader.BaseStream.Length)
            {
                var length = reader.ReadBytes(8);
                Assert.Equal(Mask(Crc(length)), reader.ReadUInt32());
                var data = reader.ReadBytes(checked((int)BitConverter.ToUInt64(length)));
                Assert.Equal(Mask(Crc(data)), reader.ReadUInt32());
                yield return data;
            }
        }

        static uint Mask(uint crc) => ((crc >> 15) | (crc << 17)) + 0xa282ead8;

        /// <summary>Bit by bit, with the reversed Castagnoli polynomial.</summary>
        public static uint Crc(ReadOnlySpan<byte> bytes)
        {
            var crc = 0xFFFFFFFF;
            foreach (var value in bytes)
            {
                crc ^= value;
                for (var bit = 0; bit < 8; bit++)
                    crc = (crc & 1) == 1 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
            }
            return ~crc;
        }
    }

    /// <summary>The fields of a message of protocol buffers.</summary>
    sealed class Fields(List<(int Number, object Value)> fields)
    {
        public static Fields Of(byte[] message)
        {
            var fields = new List<(int, object)>();
            using var reader = new BinaryReader(new MemoryStream(message));
            while (reader.BaseStream.Position < message.Length)
            {
                var key = reader.Read7BitEncodedInt64();
                fields.Add(((int)(key >> 3), (key & 7) switch
                {
                    0 => (ulong)reader.Read7BitEncodedInt64(),
                    1 => reader.ReadDouble(),
                    2 => reader.ReadBytes((int)reader.Read7BitEncodedInt64()),
                    5 => reader.ReadSingle(),
                    var kind => throw new InvalidDataException($"kind {kind}"),
                }));
            }
            return new(fields);
        }

        public IEnumerable<object> All(int number) => fields.Where(field => field.Number == number).Select(field => field.Value);

        public ulong Whole(int number) => (ulong)All(number).Single();

        public double Double(int number) => (double)All(number).Single();

        public float Float(int number) => (float)All(number).Single();

        public string Text(int number) => Encoding.UTF8.GetString((byte[])All(number).Single());

        public Fields Inner(int number) => Of((byte[])All(number).Single());
    }
}
