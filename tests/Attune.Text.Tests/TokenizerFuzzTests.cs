using System.Diagnostics;
using System.Text.Json.Nodes;
using Attune.Testing;

namespace Attune.Text.Tests;

/// <summary>A tokenizer.json is untrusted: a randomly damaged one is loaded or refused, with little time and memory.</summary>
public sealed class TokenizerFuzzTests
{
    const int Files = 3000;           // of each tokenizer
    const long Most = 64 << 20;       // bytes that loading a small file and encoding a short text may allocate
    const string Text = "Hello <|endoftext|> 123 é, ﬁne <extra_id_0>!\n";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);   // enough for a slow pattern on a busy machine

    public static TheoryData<string> Tokenizers => [.. Golden.Names("tokenizers", IsThere)];

    static bool IsThere(string name) => File.Exists(Golden.PathTo("tokenizers", name, "tokenizer.json"));

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void ADamagedFileIsReadOrRefused(string name)
    {
        var json = new JsonMutator(Small(File.ReadAllText(Golden.PathTo("tokenizers", name, "tokenizer.json"))));
        var random = new Random(7);
        var (read, refused) = (0, 0);
        foreach (var _ in Enumerable.Range(0, Files))
        {
            if (Holds(System.Text.Encoding.UTF8.GetString(json.Mutate(random))))
                read++;
            else
                refused++;
        }
        Assert.InRange(read, Files / 50, Files);
        Assert.InRange(refused, Files / 4, Files);
    }

    /// <summary>Removes most merges, so that other parts are damaged often.</summary>
    static string Small(string tokenizer)
    {
        var json = JsonNode.Parse(tokenizer)!;
        if (json["model"]!["merges"] is JsonArray merges)
            merges.RemoveRange(2, merges.Count - 2);
        return json.ToJsonString();
    }

    /// <summary>Returns whether the file was loaded or refused; throws for any other error.</summary>
    static bool Holds(string json)
    {
        var (watch, before) = (Stopwatch.StartNew(), GC.GetAllocatedBytesForCurrentThread());
        var read = false;
        try
        {
            var tokenizer = Tokenizer.Parse(json);
            read = true;
            tokenizer.Decode(tokenizer.EncodeFull(Text, "🙂 <mask>").Ids);
            tokenizer.Encode(Text, addSpecialTokens: true);
        }
        catch (InvalidDataException)
        {
        }
        catch (Exception e)
        {
            Assert.Fail($"{e.GetType().Name} ({e.Message}) for {json}\n{e.StackTrace}");
        }
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < Most, $"{allocated} bytes were allocated for {json}");
        Assert.True(watch.Elapsed < Patience, $"took {watch.Elapsed} for {json}");
        return read;
    }

    [Theory]
    [InlineData("(a|aa)+$")]
    [InlineData("(?=(?:a|aa)+b)")]
    [InlineData("a(?:(?:a|aa){22}b)?")]                            // every match is fast enough, but not all of them
    public void APatternThatTakesForeverIsRefusedInSeconds(string regex)
    {
        var json = TinyTokenizer.Json(["a", "!"]);
        json["pre_tokenizer"] = new JsonObject
        {
            ["type"] = "Split",
            ["pattern"] = new JsonObject { ["Regex"] = regex },
            ["behavior"] = "Isolated",
        };
        var tokenizer = TinyTokenizer.Parse(json);
        var watch = Stopwatch.StartNew();
        var text = new string('a', 5_000) + "!";
        var message = Assert.Throws<InvalidDataException>(() => tokenizer.Encode(text)).Message;
        Assert.Contains("takes too long", message, StringComparison.Ordinal);
        Assert.True(watch.Elapsed < Patience, $"{watch.Elapsed}");
    }

    [Theory]
    [InlineData(@"[\W]")]
    [InlineData(@"[^a]")]
    [InlineData(@"\p{Lu}\p{Ll}\p{Nd}\p{So}")]
    [InlineData(@"(?:a{1,1000})*")]
    public void TheLongestPatternIsReadInSeconds(string repeated)
    {
        var pattern = "(?i)" + string.Concat(Enumerable.Repeat(repeated, 1900 / repeated.Length));
        var watch = Stopwatch.StartNew();
        try
        {
            new RegexPattern(pattern).Divide("abc", []);
        }
        catch (InvalidDataException)
        {
        }
        Assert.True(watch.Elapsed < Patience, $"{watch.Elapsed}");
    }

    [Fact]
    public void APatternOfThousandsOfCharactersIsRefused()
    {
        var message = Assert.Throws<InvalidDataException>(() => new RegexPattern(new string('a', 2001))).Message;
        Assert.Contains("at most 2000", message, StringComparison.Ordinal);
    }

    [Fact]
    public void NormalizersThatMultiplyTheTextAreStopped()
    {
        var json = TinyTokenizer.Json(["a"]);
        json["normalizer"] = Doublings("normalizers");
        var message = Assert.Throws<InvalidDataException>(() => TinyTokenizer.Parse(json).Encode("a")).Message;
        Assert.Contains("64 times", message, StringComparison.Ordinal);
    }

    [Fact]
    public void DecodersThatMultiplyTheTextAreStopped()
    {
        var json = TinyTokenizer.Json(["a"]);
        json["decoder"] = Doublings("decoders");
        var message = Assert.Throws<InvalidDataException>(() => TinyTokenizer.Parse(json).Decode([0])).Message;
        Assert.Contains("64 times", message, StringComparison.Ordinal);
    }

    static JsonObject Doublings(string steps) => new()
    {
        ["type"] = "Sequence",
        [steps] = new JsonArray([.. Enumerable.Range(0, 60).Select(_ => JsonNode.Parse(
            """{"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}"""))]),
    };

    [Theory]
    [InlineData("""{"strategy": {"Fixed": 2000000000}, "pad_id": 0, "pad_type_id": 0, "pad_token": "a"}""", "padding.strategy.Fixed")]
    [InlineData(
        """{"strategy": "BatchLongest", "pad_to_multiple_of": 2000000000, "pad_id": 0, "pad_type_id": 0, "pad_token": "a"}""",
        "padding.pad_to_multiple_of")]
    public void PaddingToBillionsOfTokensIsRefused(string padding, string where)
    {
        var json = TinyTokenizer.Json(["a"]);
        json["padding"] = JsonNode.Parse(padding);
        var message = Assert.Throws<InvalidDataException>(() => TinyTokenizer.Parse(json)).Message;
        Assert.Contains(where + ": must be a whole number from 0 to 1048576", message, StringComparison.Ordinal);
    }
}
