namespace Attune.Text.Tests;

public sealed class SplitPreTokenizerTests
{
    [Theory]
    [InlineData(nameof(SplitBehavior.Removed), false, "the|final|countdown")]
    [InlineData(nameof(SplitBehavior.Isolated), false, "the|-|final|-|-|countdown")]
    [InlineData(nameof(SplitBehavior.MergedWithPrevious), false, "the-|final-|-|countdown")]
    [InlineData(nameof(SplitBehavior.MergedWithNext), false, "the|-final|-|-countdown")]
    [InlineData(nameof(SplitBehavior.Contiguous), false, "the|-|final|--|countdown")]
    [InlineData(nameof(SplitBehavior.Removed), true, "-|-|-")]
    public void BehavioursDecideWhatBecomesOfTheMatches(string behavior, bool invert, string pieces)
    {
        var splitter = new SplitPreTokenizer(new LiteralPattern("-"), Enum.Parse<SplitBehavior>(behavior), invert);
        Assert.Equal(pieces, Split(splitter, "the-final--countdown"));
    }

    [Theory]
    [InlineData("""{"type": "Digits", "individual_digits": true}""", "a12b٣", "a|1|2|b|٣")]
    [InlineData("""{"type": "Digits", "individual_digits": false}""", "a12b٣½", "a|12|b|٣½")]
    [InlineData("""{"type": "Punctuation"}""", "a,b!!$c¿", "a|,|b|!|!|$|c|¿")]
    [InlineData("""{"type": "Punctuation", "behavior": "Contiguous"}""", "a,b!!c", "a|,|b|!!|c")]
    [InlineData("""{"type": "Split", "pattern": {"String": "."}, "behavior": "Removed", "invert": false}""", "a.b", "a|b")]
    [InlineData("""{"type": "Split", "pattern": {"Regex": "."}, "behavior": "Isolated", "invert": false}""", "a.b", "a|.|b")]
    [InlineData("""{"type": "Whitespace"}""", "a_1 b!?\u3000½ⓐ", "a_1|b|!?|½|ⓐ")]
    [InlineData("""{"type": "WhitespaceSplit"}""", " a, b\u00A0c ", "a,|b|c")]
    [InlineData("""{"type": "BertPreTokenizer"}""", "a-b  $c", "a|-|b|$|c")]
    [InlineData("""{"type": "CharDelimiterSplit", "delimiter": "-"}""", "-a--b c", "a|b c")]
    [InlineData("""{"type": "Metaspace", "replacement": "▁"}""", "a  b", "▁a|▁|▁b")]
    [InlineData("""{"type": "Metaspace", "replacement": "▁", "add_prefix_space": false}""", "a b", "a|▁b")]
    [InlineData("""{"type": "Metaspace", "replacement": "_", "prepend_scheme": "never", "split": false}""", "a b", "a_b")]
    [InlineData("""{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": false}""", "▁a b", "▁a▁b")]
    [InlineData("""
        {"type": "Sequence", "pretokenizers": [
          {"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"}]}
        """, "a b", "▁a|b")]
    [InlineData("""{"type": "ByteLevel", "add_prefix_space": true}""", "a é", "Ġa|ĠÃ©")]
    [InlineData("""{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}""", "a é", "aĠÃ©")]
    public void PreTokenizersAreReadFromJson(string json, string text, string pieces) =>
        Assert.Equal(pieces, Split(PreTokenizers.Read(JsonField.Parse(json, "tokenizer.json")), text));

    static string Split(IPreTokenizer preTokenizer, string text)
    {
        var draft = new Draft(text, preTokenizer.NeedsAlignment);
        preTokenizer.Apply(draft);
        return string.Join('|', draft.Pieces.Select(piece => draft[piece].ToString()));
    }
}
