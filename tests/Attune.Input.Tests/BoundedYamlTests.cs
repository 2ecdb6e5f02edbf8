using YamlDotNet.RepresentationModel;

namespace Attune.Input.Tests;

public sealed class BoundedYamlTests
{
    [Fact]
    public void Load_HundredLevels_IsRead() => Assert.IsType<YamlMappingNode>(Load($"a: {Nested(99)}"));

    [Theory]
    [InlineData("levels of lists and mappings", 101)]
    [InlineData("levels of lists and mappings", 40_000)]
    public void Load_MoreLevels_IsRefused(string message, int levels)
    {
        Assert.Contains(message, Refused(Nested(levels)));
        Assert.Contains(message, Refused(new('[', levels)));
        Assert.Contains(message, Refused(string.Concat(Enumerable.Repeat("{a: ", levels))));
        Assert.Contains(message, Refused(string.Concat(Enumerable.Range(0, 120).Select(level => new string(' ', level) + "a:\n"))));
    }

    [Fact]
    public void Load_ManyValues_IsRefused()
    {
        Assert.Contains("100,000 values", Refused($"[{string.Join(',', Enumerable.Repeat("1", 100_000))}]"));
        Assert.Contains("characters", Refused(new string('a', BoundedYaml.MostCharacters + 1)));
    }

    [Fact]
    public void Load_AliasesThatMultiply_AreRefused()
    {
        var levels = Enumerable.Range(1, 9).Select(i => $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]");
        Assert.Contains("100,000 values", Refused($"a0: &a0 [1]\n{string.Join('\n', levels)}\n"));
        Assert.Contains("inside the value that it repeats", Refused("a: &a [*a]"));
        Assert.IsType<YamlMappingNode>(Load("a: &a [1, 2]\nb: *a\n"));
    }

    [Theory]
    [InlineData("x: 1\na: [1, 2", "line 2, column 4: the list that begins here with '[' is not closed")]
    [InlineData("x: 1\na: [1, 2\nb: 3\n", "line 2, column 4: the list that begins here with '[' is not closed")]
    [InlineData("a: [", "line 1, column 4: the list that begins here with '[' is not closed")]
    [InlineData("a: {\n", "line 1, column 4: the mapping that begins here with '{' is not closed")]
    [InlineData("[1, 2", "line 1, column 1: the list that begins here with '[' is not closed")]
    [InlineData("a: {b: 1", "line 1, column 4: the mapping that begins here with '{' is not closed")]
    [InlineData("a: {b: 1]\n", "line 1, column 4: the mapping that begins here with '{' is not closed")]
    [InlineData("a: \"abc\nb: 1\n", "line 1, column 4: the text that begins here with a quotation mark is not closed")]
    [InlineData("a: 'abc\nb: 1\n", "line 1, column 4: the text that begins here with a quotation mark is not closed")]
    [InlineData("a: 'it's'\n", "line 1, column 8: `a: 'it's'` does not fit here")]
    [InlineData("a:\n\tb: 1\n", "line 2, column 1: a tab indents this line; use spaces")]
    [InlineData("a: 1\nb:\n\tc: 1\n", "line 3, column 1: a tab indents this line; use spaces")]
    [InlineData("a: b\n\tc: 1\n", "line 2, column 1: a tab indents this line; use spaces")]
    [InlineData("a:\n  b: 1\n c: 2\n", "line 3, column 2: `c: 2` does not fit here")]
    [InlineData("a: b: c\n", "`a: b: c` does not fit here")]
    [InlineData("a: b\n  c: d\n", "`c: d` does not fit here")]
    [InlineData("a b\nc: d\n", "line 2, column 2: `c: d` does not fit here")]
    [InlineData("a: 1\n- b\n", "line 2, column 1: `- b` does not fit here")]
    [InlineData("a: *b\n", "line 1, column 4: the alias *b has no value with the anchor &b before it")]
    [InlineData("a: &b &c d\n", "`a: &b &c d` has an anchor (&) that cannot be read")]
    [InlineData("a: 1\na: 2\n", "line 2, column 1: the key of `a: 2` is there twice")]
    [InlineData("a: @b\n", "line 1, column 4: the value in `a: @b` begins with a character that YAML reserves")]
    [InlineData("a: `b`\n", "line 1, column 4: the value in `a: `b`` begins with a character that YAML reserves")]
    [InlineData("a: \"\\q\"\n", "has a backslash sequence that YAML does not know")]
    [InlineData("a: |3x\n  b\n", "`a: |3x` does not fit here")]
    [InlineData("a: !<b c> d\n", "`a: !<b c> d` does not fit here")]
    [InlineData("%YAML 9.0\n---\na: b\n", "line 1, column 1: the value in `%YAML 9.0` begins with a character that YAML reserves")]
    public void Load_NotYaml_NamesLineColumnAndRemedy(string text, string expected)
    {
        var message = Refused(text);
        Assert.Contains(expected, message);
        Assert.DoesNotContain("While ", message);
        Assert.DoesNotContain("Operation is not valid", message);
    }

    static string Nested(int levels) => new string('[', levels) + new string(']', levels);

    static YamlNode? Load(string text) => BoundedYaml.Load(new StringReader(text));

    static string Refused(string text) => Assert.Throws<InvalidDataException>(() => Load(text)).Message;
}
