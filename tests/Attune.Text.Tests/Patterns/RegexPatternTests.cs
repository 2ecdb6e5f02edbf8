namespace Attune.Text.Tests;

public sealed class RegexPatternTests
{
    public static TheoryData<string> WordPatterns => [Gpt2Pattern.Source, Cl100kPattern.Llama3Source, Cl100kPattern.Qwen2Source];

    [Theory]
    [MemberData(nameof(WordPatterns))]
    public void TheHandWrittenPatternsMatchWhatTheirSourcesMatch(string source)
    {
        var (handWritten, general) = (Patterns.FromRegex(source), new RegexPattern(source));
        Assert.IsNotType<RegexPattern>(handWritten);
        var random = new Random(1);
        var texts = HostileText.Examples.Concat(Enumerable.Range(0, 3000).Select(i => HostileText.Random(random, i % 40)));
        foreach (var text in texts)
            Assert.Equal(Words(general, text), Words(handWritten, text));
    }

    [Theory]
    [InlineData(".", "a🙂\nb", "a|🙂|b")]
    [InlineData(@"\p{Lu}\p{Ll}+", "fooBarBaz 𝐀𝐛", "Bar|Baz|𝐀𝐛")]
    [InlineData(@"[^\s\p{L}]+", "a+b ➕c", "+|➕")]
    [InlineData(@"[^(\s|[.,!?])]+", "one, (two)|three!", "one|two|three")]
    [InlineData(@"[a-z&&[^aeiou]]+", "hello", "h|ll")]
    [InlineData(@"[\u4e00-\u9fff]+", "漢字かな漢", "漢字|漢")]
    [InlineData(@"[𐐀-𐑏]+", "a𐐀𐐨b", "𐐀𐐨")]
    [InlineData(@"[]a]+", "]a]b", "]a]")]
    [InlineData(@"(?i:don't)", "DON'T don't", "DON'T|don't")]
    [InlineData(@"(?i)[k-l]x", "Kx kX mx", "Kx|kX")]
    [InlineData(@"(?i:[^s]+)", "aſSsb", "a|b")]
    [InlineData(@"a++b|a", "aaab aa", "aaab|a|a")]
    [InlineData(@"a{2}|b{,2}c", "aaa bbc c", "aa|bbc|c")]
    [InlineData(@"^\w+", "one two\nthree", "one|three")]
    [InlineData(@"\w+$", "one two\nthree", "two|three")]
    [InlineData(@"\bo\w", "one too", "on")]
    [InlineData(@"\s+(?!\S)|\s+", "a   b ", "  | | ")]
    [InlineData(@"(?<=a)b|(?<!a)c", "abcac", "b|c")]
    [InlineData(@"\x41\x{1F642}\.\u0042", "A🙂.B", "A🙂.B")]
    [InlineData(@"[\r\n\t]", "a\tb\nc", "\t|\n")]
    [InlineData(@"\P{L}+", "ab12cd", "12")]
    [InlineData(@"\p{^L}+", "ab12cd", "12")]
    public void PatternsMatchCodePoints(string pattern, string text, string matches) =>
        Assert.Equal(matches, string.Join('|', Matches(new RegexPattern(pattern), text)));

    [Theory]
    [InlineData(@"(a)\1", @"the escape \1")]
    [InlineData(@"\p{Greek}", "a property that is not a general category")]
    [InlineData(@"[a-", "no ']'")]
    [InlineData(@"(a", "no ')'")]
    [InlineData(@"a)", "an unexpected ')'")]
    [InlineData(@"*a", "a quantifier with nothing before it")]
    [InlineData(@"[z-a]", "a range in reverse order")]
    [InlineData(@"[[:alpha:]]", "a bracket expression")]
    [InlineData(@"(?<name>a)", "a group that is not plain")]
    [InlineData(@"a{99999999999}", "is not valid")]
    [InlineData(@"\", "a lone backslash")]
    public void WhatCannotBeReadIsNamed(string pattern, string named) =>
        Assert.Contains(named, Assert.Throws<InvalidDataException>(() => new RegexPattern(pattern)).Message);

    [Fact]
    public void AnyPatternIsReadOrRefused()
    {
        string[] parts =
        [
            "(", ")", "[", "]", "|", "*", "+", "?", "{", "}", "{1,2}", "\\", "^", "$", ".", "-",
            "&&", ":", "=", "!", "<", ">", ",", "p{L}", "\\p{",
            "\\x", "\\u12", "(?i", "(?:", "(?=", "(?<", "i", "b", "A", "1", "é", "🙂", "\uE000", " ",
        ];
        var random = new Random(6);
        for (var i = 0; i < 20_000; i++)
        {
            var source = string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => parts[random.Next(parts.Length)]));
            try
            {
                if (i % 50 == 0)
                    Divide(new RegexPattern(source), "Some text, é🙂\n");
                else
                    RegexTranslator.Translate(source);
            }
            catch (InvalidDataException)
            {
            }
        }
    }

    [Fact]
    public void PatternsNestedWithoutEndAreRefused()
    {
        Assert.Throws<InvalidDataException>(() => new RegexPattern(new string('(', 1_000_000)));
        Assert.Throws<InvalidDataException>(() => new RegexPattern(new string('[', 1_000_000)));
    }

    static IEnumerable<string> Matches(IPattern pattern, string text) =>
        Divide(pattern, text).Where(stretch => stretch.IsMatch).Select(stretch => text[stretch.Start..stretch.End]);

    static IEnumerable<string> Words(IPattern pattern, string text) =>
        Divide(pattern, text).Select(stretch => text[stretch.Start..stretch.End]);

    static List<Stretch> Divide(IPattern pattern, string text)
    {
        var stretches = new List<Stretch>();
        pattern.Divide(text, stretches);
        Assert.Equal(text, string.Concat(stretches.Select(stretch => text[stretch.Start..stretch.End])));
        return stretches;
    }
}
