using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Attune.Testing;
using ZstdSharp;

namespace Attune.Data.Tests;

/// <summary>The formats of data files, and files that are not what their name says.</summary>
public sealed class ReaderTests : IDisposable
{
    const string Rows = "{\"prompt\":\"a, \\\"b\\\"\\nc\",\"completion\":\"d\"}\n{\"prompt\":\"é 😀\",\"completion\":\"f\"}\n";

    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("a.jsonl", Rows)]
    [InlineData("a.ndjson", "\uFEFF" + Rows)]
    [InlineData("cr.jsonl", "{\"prompt\":\"a, \\\"b\\\"\\nc\",\"completion\":\"d\"}\r{\"prompt\":\"é 😀\",\"completion\":\"f\"}")]
    [InlineData("a.json", "[{\"prompt\":\"a, \\\"b\\\"\\nc\",\"completion\":\"d\"},\r\n {\"prompt\":\"é 😀\",\"completion\":\"f\"}]\n")]
    [InlineData("list.jsonl", "\n [ {\"prompt\":\"a, \\\"b\\\"\\nc\",\"completion\":\"d\"},{\"prompt\":\"é 😀\",\"completion\":\"f\"} ] ")]
    [InlineData("pretty.jsonl",
        "{\n  \"prompt\": \"a, \\\"b\\\"\\nc\",\n  \"completion\": \"d\"\n}\n{\n  \"prompt\": \"é 😀\",\n  \"completion\": \"f\"\n}")]
    [InlineData("a.csv", "prompt,completion\n\"a, \"\"b\"\"\nc\",d\né 😀,f\n")]
    [InlineData("a.tsv", "prompt\tcompletion\n\"a, \"\"b\"\"\nc\"\td\né 😀\tf\n")]
    public void Read_AnyFormatAndCompression_GivesTheSameExamples(string name, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        File.WriteAllBytes(folder.File(name), bytes);
        File.WriteAllBytes(folder.File(name + ".gz"), Gzip(bytes));
        using var zstd = new Compressor();
        File.WriteAllBytes(folder.File(name + ".zst"), zstd.Wrap(bytes).ToArray());
        File.WriteAllBytes(folder.File("renamed-" + name), Gzip(bytes));
        File.WriteAllText(folder.File("utf16-" + name), text.TrimStart('\uFEFF'), Encoding.BigEndianUnicode);
        foreach (var path in new[] { name, name + ".gz", name + ".zst", "renamed-" + name, "utf16-" + name })
            Assert.Equal([("a, \"b\"\nc", "d"), ("é 😀", "f")],
                Dataset.Read(folder.File(path)).Cast<Demonstration>().Select(row => (row.Prompt, row.Completion)));
    }

    [Theory]
    [InlineData("a.json", "[\n{\"text\":\"a\"},\n\n{\"text\":\n\"b\"}]", 2, 4)]
    [InlineData("a.jsonl", "\n{\"text\":\"a\"}\r\n\r\n{\"text\":\"b\"}", 2, 4)]
    [InlineData("b.jsonl", "{\n\"text\":\"a\"}\n{\"text\":\"b\"}", 1, 3)]
    public void Read_Json_OriginIsTheLineWhereTheRowBegins(string name, string text, int first, int second) =>
        Assert.Equal([first, second], Dataset.Read(folder.Write(name, text)).Select(row => row.Origin.Line));

    [Theory]
    [InlineData("arrow.parquet")]
    [InlineData("arrow-zstd.parquet")]
    public void Rows_ParquetOfArrow_AreLikeJson(string name)
    {
        string[] expected =                        // the library reads an empty list as null where a group has no item
        [
            """{"prompt":"Wo?","completions":["x","y"],"chosen":[{"role":"user","content":"hi"},"""
                + """{"role":"assistant","content":"ho"}],"meta":{"n":3},"margin":1.5,"label":true}""",
            """{"prompt":"Da 😀?","completions":null,"chosen":[],"meta":null,"margin":null,"label":null}""",
            """{"prompt":null,"completions":null,"chosen":null,"meta":{"tag":"t"},"margin":-2,"label":false}""",
        ];
        var path = Repository.PathTo("tests", "golden", "data", name);
        File.Copy(path, folder.File("renamed.jsonl"));
        File.WriteAllBytes(folder.File("packed.parquet.gz"), Gzip(File.ReadAllBytes(path)));
        foreach (var file in new[] { path, folder.File("renamed.jsonl"), folder.File("packed.parquet.gz") })
        {
            var rows = Dataset.Rows(file).ToList();
            Assert.Equal($"{file}, row 3", rows[2].Origin.ToString());
            foreach (var (row, json) in rows.Zip(expected))
                Assert.True(JsonElement.DeepEquals(JsonElement.Parse(json), AsJson(row)), $"{row.Origin}: {AsJson(row)}");
            Assert.Equal(expected.Length, rows.Count);
        }
    }

    [Fact]
    public void Rows_NullInAListOfParquet_IsRefusedAndNotLeftOut()
    {
        var path = Repository.PathTo("tests", "golden", "data", "arrow-nulls.parquet");
        var message = Assert.Throws<InvalidDataException>(() => Dataset.Rows(path).ToList()).Message;
        Assert.Contains("the list 'completions' has null items", message, StringComparison.Ordinal);
    }

    /// <summary>Each is a field of a structure: 0x1C is a structure, 0x49 FC a list of structures with its length, 0x48 a text.</summary>
    [Theory]
    [InlineData("1C", 5_000_000, "has more than 32 levels of structures")]
    [InlineData("49FCC096B102 00", 5_000_000, "has more than 4,194,304 values")]
    [InlineData("48FFFFFFFF0F 00", 10, "is damaged: it ends too early")]
    [InlineData("1E 00", 10, "is damaged")]
    public void Rows_HostileParquetFooter_IsRefusedAtOnce(string bytes, int repeated, string expected)
    {
        var start = Convert.FromHexString(bytes.Split(' ')[0]);
        var last = Convert.FromHexString(bytes.Split(' ')[^1]);
        var message = Refused([.. start, .. Enumerable.Range(0, repeated).Select(i => last[i % last.Length])], length: null);
        Assert.Contains($": the footer of this Parquet file, which describes its columns, {expected}", message);
        Assert.EndsWith("; download or write the file again, or convert it to JSON Lines", message);
    }

    [Theory]
    [InlineData(1_000, "is not complete")]
    [InlineData(-1, "is not complete")]
    [InlineData(65 << 20, "may have at most 64 MiB (has 65)")]
    public void Rows_ParquetFooterLengthThatIsWrong_IsRefused(int length, string expected) =>
        Assert.Contains(expected, Refused(new byte[Math.Max(length > 1_000 ? length : 0, 100)], length));

    string Refused(byte[] footer, int? length)
    {
        var path = folder.File("hostile.parquet");
        File.WriteAllBytes(path, [.. "PAR1"u8, .. footer, .. BitConverter.GetBytes(length ?? footer.Length), .. "PAR1"u8]);
        return Assert.Throws<InvalidDataException>(() => Dataset.Rows(path).Count()).Message;
    }

    [Fact]
    public void Rows_DamagedParquet_IsRefused()
    {
        var whole = File.ReadAllBytes(Repository.PathTo("tests", "golden", "data", "arrow.parquet"));
        var random = new Random(1);
        for (var trial = 0; trial < 300; trial++)
        {
            var bytes = trial < 100 ? whole[..(4 + random.Next(whole.Length - 4))] : whole.ToArray();
            for (var change = 0; change < trial % 5; change++)
                bytes[4 + random.Next(bytes.Length - 4)] = (byte)random.Next(256);
            File.WriteAllBytes(folder.File("bad.parquet"), bytes);
            if (Record.Exception(() => Dataset.Rows(folder.File("bad.parquet")).Count()) is { } error)
                Assert.Contains("bad.parquet", Assert.IsType<InvalidDataException>(error).Message, StringComparison.Ordinal);
        }
    }

    /// <summary>A field with two children that have two children …, and a field in a field in a field ….</summary>
    [Theory]
    [InlineData(2, 40)]
    [InlineData(1, 5_000)]
    public void Rows_ArrowSchemaWithoutEnd_IsRefusedAtOnce(int children, int levels)
    {
        File.WriteAllBytes(folder.File("hostile.arrow"), ArrowFiles.Nested(children, levels));
        Assert.EndsWith("hostile.arrow: the columns may have at most 10,000 fields in at most 64 levels",
            Assert.Throws<InvalidDataException>(() => Dataset.Rows(folder.File("hostile.arrow")).Count()).Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Rows_Arrow_AreLikeJson(bool isFile)
    {
        File.WriteAllBytes(folder.File("a.arrow"), ArrowFiles.Conversations(isFile));
        var rows = Dataset.Rows(folder.File("a.arrow")).ToList();
        Assert.Equal($"{folder.File("a.arrow")}, row 3", rows[2].Origin.ToString());
        Assert.Equal(ArrowFiles.ConversationsAsJson.Length, rows.Count);
        foreach (var (row, json) in rows.Zip(ArrowFiles.ConversationsAsJson))
            Assert.True(JsonElement.DeepEquals(JsonElement.Parse(json), AsJson(row)), $"{row.Origin}: {AsJson(row)}");
    }

    [Fact]
    public void Read_FolderOfSaveToDisk_ReadsItsSplitsWithoutCaches()
    {
        var root = folder.File("saved");
        foreach (var split in new[] { "train", "test" })
        {
            var path = Directory.CreateDirectory(Path.Combine(root, split)).FullName;
            File.WriteAllText(Path.Combine(path, "state.json"), """{"_data_files":[{"filename":"data-00000-of-00001.arrow"}]}""");
            File.WriteAllText(Path.Combine(path, "dataset_info.json"), "{}");
            File.WriteAllBytes(Path.Combine(path, "data-00000-of-00001.arrow"), ArrowFiles.Texts(split, "b"));
            File.WriteAllBytes(Path.Combine(path, "cache-1234567890abcdef.arrow"), ArrowFiles.Texts("c"));
        }
        File.WriteAllText(Path.Combine(root, "dataset_dict.json"), """{"splits":["train","test"]}""");
        Assert.Equal(["train", "b"], Texts(DataSplit.Train));
        Assert.Equal(["test", "b"], Texts(DataSplit.HeldOut));

        IEnumerable<string> Texts(DataSplit split) =>
            Dataset.Read(root, new() { Split = split }).Select(example => ((Document)example).Text);
    }

    [Fact]
    public void Rows_DamagedArrow_IsRefused()
    {
        var whole = ArrowFiles.Conversations(isFile: false);
        var random = new Random(1);
        for (var trial = 0; trial < 300; trial++)
        {
            var bytes = trial < 100 ? whole[..random.Next(whole.Length)] : whole.ToArray();
            for (var change = 0; change < trial % 5; change++)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(folder.File("bad.arrow"), bytes);
            if (Record.Exception(() => Dataset.Rows(folder.File("bad.arrow")).Count()) is { } error)
                Assert.Contains("bad.arrow", Assert.IsType<InvalidDataException>(error).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("a.arrow", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n", "Git LFS pointer", "`git lfs pull`")]
    [InlineData("a.jsonl.gz", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n", "Git LFS pointer", "`git lfs pull`")]
    [InlineData("a.parquet", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n", "Git LFS pointer", "`git lfs pull`")]
    [InlineData("a.txt", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n", "Git LFS pointer", "`git lfs pull`")]
    [InlineData("a.jsonl", "<!DOCTYPE html>\n<html>", "web page", "download the file")]
    [InlineData("a.csv", "\n<html lang=en>", "web page", "download the file")]
    [InlineData("a.json", "PK\u0003\u0004....", "zip archive", "`unzip FILE`")]
    [InlineData("a.jsonl.xz", "\u00FD7zXZ\u0000....", "xz", "`xz -dc FILE | gzip > FILE.gz`")]
    [InlineData("a.csv", "\u00FD7zXZ\u0000....", "xz", "`xz -dc FILE | gzip > FILE.gz`")]
    [InlineData("a.jsonl", "{\0\"\0t\0", "UTF-16", "iconv")]
    public void Read_FileThatIsSomethingElse_NamesItAndTheRemedy(string name, string content, string kind, string remedy)
    {
        File.WriteAllText(folder.File(name), content, Encoding.Latin1);
        var message = Assert.Throws<InvalidDataException>(() => Dataset.Read(folder.File(name)).ToList()).Message;
        Assert.StartsWith(folder.File(name), message, StringComparison.Ordinal);
        Assert.Contains(kind, message, StringComparison.Ordinal);
        Assert.Contains(remedy, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[{\"text\":\"a\"},\n]", "line 2: this is not valid JSON: there is a comma before `]`; remove the comma")]
    [InlineData("[{\"text\":\"a\"}\n{\"text\":\"b\"}]",
        "line 2: this is not valid JSON: expected `,` or `]` after an object of the list, found `{`")]
    [InlineData("[{\"text\":\"a\"}", "found the end of the file; it may be cut off")]
    [InlineData("[{\"text\":\"a\"}] x", "expected the end of the file after the list, found `x`")]
    [InlineData("{\"\\ud83d\":\"a\"}\n", "line 1, column 2: this is not valid JSON: a text has a lone surrogate")]
    [InlineData("[1, 2]", "line 1: this is not valid JSON: expected an object, found `1`")]
    [InlineData("{\"text\":\"a\",}\n", "line 1, column 13: this is not valid JSON: there is a comma before `}`; remove the comma")]
    [InlineData("{\n\"text\": \"a\",\n}\n", "line 3, column 1: this is not valid JSON: there is a comma before `}`")]
    [InlineData("{\"text\":\"a}\n{\"text\":\"b\"}\n", "line 1, column 12: this is not valid JSON: a line ends inside quotation marks")]
    [InlineData("{\"text\":\"a\"}\n{\"text\":\"b}\n", "line 2, column 12: this is not valid JSON: the text ends inside quotation marks")]
    [InlineData("{\"text\":\"a\"}\n{\n\"text\":\"b\"}\n",
        "line 2, column 2: this is not valid JSON: expected a name in double quotation marks")]
    [InlineData("{\"text\":\"a\",\"text\":\"b\"}\n",
        "line 1, column 13: this is not valid JSON: the name 'text' occurs twice in one object")]
    public void Read_InvalidJson_SaysWhereAndWhatIsWrong(string text, string expected)
    {
        var message = Assert.Throws<InvalidDataException>(() => Dataset.Read(folder.Write("bad.json", text)).ToList()).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.StartsWith(folder.File("bad.json"), message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("long.jsonl.gz", "{\"a\":", ' ', "a line or record may have at most 16,777,216 characters")]
    [InlineData("long.json.gz", "{\"a\":", '[', "a line or record may have at most 16,777,216 characters")]
    [InlineData("quoted.csv.gz", "a,b\n\"", 'x', "a row may have at most 16 MiB")]
    [InlineData("plain.csv.gz", "a,b\n", 'x', "a row may have at most 16 MiB")]
    public void Read_LineWithoutEnd_IsRefusedBeforeItFillsTheMemory(string name, string start, char c, string expected)
    {
        var part = Encoding.UTF8.GetBytes(new string(c, 1 << 20));
        File.WriteAllBytes(folder.File(name), Gzip(Encoding.UTF8.GetBytes(start), part, 200));
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var message = Assert.Throws<InvalidDataException>(() => Dataset.Rows(folder.File(name)).ToList()).Message;
        Assert.Contains(name, message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 400L << 20);
    }

    [Theory]
    [InlineData("a.csv")]
    [InlineData("a.jsonl")]
    public void Rows_TooManyFields_AreRefusedAtOnce(string name)
    {
        var names = Enumerable.Range(0, 100_000).Select(i => $"f{i}").ToList();
        var text = name == "a.csv" ? string.Join(',', names) + "\n" + string.Join(',', names)
            : "{" + string.Join(',', names.Select(field => $"\"{field}\":1")) + "}";
        var message = Assert.Throws<InvalidDataException>(() => Dataset.Rows(folder.Write(name, text)).ToList()).Message;
        Assert.Contains("may have at most 1,000", message, StringComparison.Ordinal);
        Assert.Contains("has 100,000", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_MoreBytesThanAllowed_AreRefused()
    {
        File.WriteAllBytes(folder.File("bomb.jsonl.gz"), Gzip([], Encoding.UTF8.GetBytes("{\"text\":\"a\"}\n"), 300_000));
        var message = Assert.Throws<InvalidDataException>(() => Dataset.Rows(folder.File("bomb.jsonl.gz"), 1 << 20).Count()).Message;
        Assert.Equal($"{folder.File("bomb.jsonl.gz")} may have at most 1 MiB without compression; split it", message);
    }

    [Theory]
    [InlineData("a.jsonl.gz")]
    [InlineData("a.jsonl.zst")]
    public void Read_CompressedFileThatIsCutOff_IsRefused(string name)
    {
        var bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 5000).Select(i => $"{{\"text\":\"{i * 7919}\"}}\n")));
        using var zstd = new Compressor();
        var packed = name.EndsWith("gz", StringComparison.Ordinal) ? Gzip(bytes) : zstd.Wrap(bytes).ToArray();
        File.WriteAllBytes(folder.File(name), packed[..(packed.Length / 2)]);
        var message = Assert.Throws<InvalidDataException>(() => Dataset.Read(folder.File(name)).ToList()).Message;
        Assert.Equal($"{folder.File(name)}: the compressed data is damaged or cut off; download or copy the file again", message);
    }

    [Fact]
    public void Read_FolderOfSeveralFiles_PlacesNameTheFile()
    {
        folder.Write("a.txt", "one");
        Assert.Equal(["line 1"], Dataset.Read(folder.Path).Select(row => row.Origin.Place));
        folder.Write("b.txt", "two");
        Assert.Equal(["a.txt, line 1", "b.txt, line 1"], Dataset.Read(folder.Path).Select(row => row.Origin.Place));
    }

    [Fact]
    public void Read_FolderWithJsonBesideData_LeavesTheJsonOut()
    {
        folder.Write("train.jsonl", "{\"text\":\"a\"}");
        folder.Write("manifest.json", "{\"items\":3}");
        Assert.Single(Dataset.Read(folder.Path));
    }

    static JsonElement AsJson(Row row) => JsonSerializer.SerializeToElement(
        row.Names.ToDictionary(name => name, name => row.Has(name) ? row.Required(name) : (JsonElement?)null, StringComparer.Ordinal));

    static byte[] Gzip(byte[] first, byte[]? then = null, int times = 0)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(first);
            for (var i = 0; i < times; i++)
                gzip.Write(then);
        }
        return packed.ToArray();
    }
}
