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

    static string Nested(int levels) => new string('[', levels) + new string(']', levels);

    static YamlNode? Load(string text) => BoundedYaml.Load(new StringReader(text));

    static string Refused(string text) => Assert.Throws<InvalidDataException>(() => Load(text)).Message;
}
