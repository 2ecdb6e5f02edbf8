using System.Text.Json;

namespace Attune.Tests;

public sealed class JsonGrammarTests
{
    [Theory]
    [InlineData("""{"a": [1, -0.5e+3, true, false, null, "x\"\u00e9\n"], "b": {}, "c": []}""")]
    [InlineData("{}")]
    [InlineData("""{ "a" : [ [ ] , { "b" : 0 } ] }""")]
    public void After_AnObject_IsWholeAtItsEndOnly(string text)
    {
        using var _ = JsonDocument.Parse(text);
        for (var length = 0; length <= text.Length; length++)
            Assert.Equal(length == text.Length, JsonGrammar.Object.After(text[..length]).IsWhole);
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
    [InlineData("{  ")]
    public void After_NoObject_IsNone(string text) => Assert.Equal(Grammar.None, JsonGrammar.Object.After(text));

    /// <summary>Texts of letters that JSON uses: what is whole is JSON, and nothing that JSON allows is refused.</summary>
    [Fact]
    public void After_RandomTexts_AgreesWithTheParser()
    {
        const string Letters = "{}[]\":,0123.eE+-\\u/tnfalsr ";
        var random = new Random(1);
        var whole = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var rest = JsonGrammar.Object;
            var text = "";
            while (text.Length < 40 && !rest.IsWhole)
            {
                var letter = Letters[random.Next(Letters.Length)];
                if (rest.After(letter) is var next && next != Grammar.None)
                    (rest, text) = (next, text + letter);
            }
            if (!rest.IsWhole)
                continue;
            whole++;
            using var _ = JsonDocument.Parse(text);
        }
        Assert.True(whole > 100, $"{whole} texts are whole");
    }
}
