using System.Text.Json;

namespace Attune.Tests;

public sealed class JsonPrefixTests
{
    [Theory]
    [InlineData("""{"a": [1, -0.5e+3, true, false, null, "x\"\u00e9\n"], "b": {}, "c": []}""")]
    [InlineData("{}")]
    [InlineData("""{ "a" : [ [ ] , { "b" : 0 } ] }""")]
    public void Add_AnObject_IsWholeAtItsEndOnly(string text)
    {
        using var _ = JsonDocument.Parse(text);
        for (var length = 0; length <= text.Length; length++)
            Assert.Equal(length == text.Length, JsonPrefix.Empty.Add(text[..length])!.Value.IsWhole);
    }

    [Theory]
    [InlineData("[")]
    [InlineData(" {")]
    [InlineData("{a")]
    [InlineData("{,")]
    [InlineData("""{"a" 1""")]
    [InlineData("""{"a":1,}""")]
    [InlineData("""{"a":01""")]
    [InlineData("""{"a":1.}""")]
    [InlineData("""{"a":-}""")]
    [InlineData("""{"a":truf""")]
    [InlineData("""{"a":[1}""")]
    [InlineData("""{"a":[,""")]
    [InlineData("{\"a\n")]
    [InlineData("""{"a\x""")]
    [InlineData("""{"a\u00g""")]
    [InlineData("{} ")]
    [InlineData("{}{")]
    [InlineData("{                ")]
    public void Add_NoObject_IsNull(string text) => Assert.Null(JsonPrefix.Empty.Add(text));

    /// <summary>Texts of letters that JSON uses: what is whole is JSON, and nothing that JSON allows is refused.</summary>
    [Fact]
    public void Add_RandomTexts_AgreesWithTheParser()
    {
        const string Letters = "{}[]\":,0123.eE+-\\u/tnfalsr ";
        var random = new Random(1);
        var whole = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var prefix = JsonPrefix.Empty;
            var text = "";
            while (text.Length < 40 && !prefix.IsWhole)
            {
                var letter = Letters[random.Next(Letters.Length)];
                if (prefix.Add($"{letter}") is not { } next)
                    continue;
                (prefix, text) = (next, text + letter);
            }
            if (!prefix.IsWhole)
                continue;
            whole++;
            using var _ = JsonDocument.Parse(text);
        }
        Assert.True(whole > 100, $"{whole} texts are whole");
    }
}
