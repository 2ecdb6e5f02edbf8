using System.Diagnostics;
using Attune.Testing;

namespace Attune.Text.Tests;

/// <summary>
/// Encodes 150,000 repetitions with every kind of tokenizer: quadratic time would take much longer.
/// </summary>
public sealed class HostileTextTests
{
    const int Length = 150_000;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static TheoryData<string> Names =>
    [
        .. Directory.GetDirectories(Repository.PathTo("tests", "golden", "tokenizers")).Select(path => Path.GetFileName(path)!)
            .Order(StringComparer.Ordinal),
    ];

    static readonly string[] Repeated =
    [
        "a", " ", "\n", ".", "\uD83D", "\u0301", "e\u0301\u0323", "한", "👩\u200D", "🇰", "▁", "<0x41>",
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public void LongTextsOfOneThingTakeSeconds(string name)
    {
        var tokenizer = Tokenizer.Load(Repository.PathTo("tests", "golden", "tokenizers", name));
        foreach (var text in Repeated.Select(part => string.Concat(Enumerable.Repeat(part, Length / part.Length))))
        {
            var watch = Stopwatch.StartNew();
            var encoding = tokenizer.EncodeFull(text);
            Assert.Equal(encoding.Ids, tokenizer.Encode(text, addSpecialTokens: true));
            tokenizer.Decode(encoding.Ids);
            Assert.True(watch.Elapsed < Patience, $"took {watch.Elapsed} on {text[..10]}…");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void AnyTextIsEncodedAndDecoded(string name)
    {
        var tokenizer = Tokenizer.Load(Repository.PathTo("tests", "golden", "tokenizers", name));
        var random = new Random(8);
        var texts = HostileText.Examples.Concat(Enumerable.Range(0, 200).Select(i => HostileText.Random(random, i) + "\uDC00\uD800"));
        foreach (var text in texts)
        {
            var encoding = tokenizer.EncodeFull(text, text);
            Assert.All(encoding.Offsets, offset => Assert.InRange(offset.End, offset.Start, text.Length));
            tokenizer.Decode(encoding.Ids, skipSpecialTokens: true);
        }
    }
}
