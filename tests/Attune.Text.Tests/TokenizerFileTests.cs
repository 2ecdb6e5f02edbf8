using System.Text.Json.Nodes;
using Attune.Testing;

namespace Attune.Text.Tests;

/// <summary>A tokenizer.json is untrusted: the result is always a tokenizer or a clear error.</summary>
public sealed class TokenizerFileTests
{
    [Fact]
    public void AFolderWithoutATokenizerSaysWhatIsMissing()
    {
        using var folder = new TemporaryFolder();
        var message = Assert.Throws<FileNotFoundException>(() => Tokenizer.Load(folder.Path)).Message;
        Assert.Contains("tokenizer.json", message);
        Assert.Contains(folder.Path, message);
    }

    [Fact]
    public void MalformedJsonIsNamedWithItsFile()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("tokenizer.json", "{\"model\": ");
        Assert.Contains(path, Assert.Throws<InvalidDataException>(() => Tokenizer.Load(folder.Path)).Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"model\": []}")]
    [InlineData("{\"model\": {\"type\": \"BPE\"}}")]
    [InlineData("{\"model\": {\"type\": \"BPE\", \"vocab\": [], \"merges\": []}}")]
    [InlineData("{\"model\": {\"type\": \"BPE\", \"vocab\": {}, \"merges\": {}}}")]
    [InlineData("{\"model\": {\"type\": \"BPE\", \"vocab\": {\"\\ud800\": 1}, \"merges\": []}}")]
    [InlineData("{\"model\": {\"type\": \"BPE\", \"vocab\": {}, \"merges\": [], \"unk_token\": \"\\ud800\"}}")]
    public void WhatIsNoTokenizerIsRefused(string json) => Assert.Throws<InvalidDataException>(() => Tokenizer.Parse(json));

    [Theory]
    [InlineData("model.vocab", """{"a": -1}""", "model.vocab.a: must be an id from 0", "-1")]
    [InlineData("model.vocab", """{"a": 1.5}""", "must be an id", "1.5")]
    [InlineData("model.vocab", """{"a": 2000000000}""", "must be an id", "2000000000")]
    [InlineData("model.vocab", """{"a": "1"}""", "must be an id", "\"1\"")]
    [InlineData("model.vocab", """{"a": 1, "b": 1}""", "'a' and 'b'", "id 1")]
    [InlineData("model.merges", """["a x"]""", "model.merges[0]", "'x' is not in the vocabulary")]
    [InlineData("model.merges", """["b a"]""", "model.merges[0]", "'ba' is not in the vocabulary")]
    [InlineData("model.merges", """["a b c"]""", "two tokens", "\"a b c\"")]
    [InlineData("model.merges", """[["a"]]""", "two tokens", "a list")]
    [InlineData("model.merges", """[3]""", "must be a string", "3")]
    [InlineData("model.dropout", "2", "model.dropout", "from 0 to 1")]
    [InlineData("model.fuse_unk", "\"yes\"", "model.fuse_unk", "true or false")]
    [InlineData("model.type", "\"WordPieces\"", "the model 'WordPieces' is not supported", "supported: BPE")]
    [InlineData("version", "\"2.0\"", "version", "1.0")]
    [InlineData("normalizer", """{"type": "NFX"}""", "normalizer.type", "Did you mean 'NFC'?")]
    [InlineData(
        "pre_tokenizer",
        """{"type": "Sequence", "pretokenizers": [{"type": "Bytelevel"}]}""",
        "pretokenizers[0].type",
        "Did you mean 'ByteLevel'?")]
    [InlineData(
        "pre_tokenizer",
        """{"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated"}""",
        "pre_tokenizer.pattern.Regex",
        "no ')'")]
    [InlineData("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "a"}, "behavior": "isolated"}""", "behavior", "Isolated")]
    [InlineData("pre_tokenizer", """{"type": "ByteLevel"}""", "pre_tokenizer", "'add_prefix_space'")]
    [InlineData("decoder", "\"ByteLevel\"", "decoder", "an object")]
    [InlineData("decoder", """{"type": "Wordpieces"}""", "the decoder 'Wordpieces' is not supported", "Did you mean 'WordPiece'?")]
    [InlineData(
        "post_processor", """{"type": "RobertaProcessing", "cls": ["a"], "sep": ["b", 1]}""", "post_processor.cls", "a token and its id")]
    [InlineData(
        "post_processor",
        """
        {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x", "type_id": 0}}], "pair": [],
         "special_tokens": {"y": {}}}
        """,
        "post_processor.single[0].SpecialToken.id", "'x'")]
    [InlineData(
        "post_processor",
        """{"type": "TemplateProcessing", "single": [{"Sequence": {"id": "B", "type_id": 0}}], "pair": [], "special_tokens": {}}""",
        "must be A", "\"B\"")]
    [InlineData("added_tokens", """[{"id": -4, "content": "x"}]""", "added_tokens[0].id", "-4")]
    [InlineData(
        "added_tokens", """[{"id": 7, "content": "x"}, {"id": 7, "content": "y"}]""", "added_tokens[1]", "'x' and 'y' both have the id 7")]
    [InlineData("added_tokens", """[{"id": 7}]""", "added_tokens[0]", "'content'")]
    [InlineData("truncation", """{"max_length": 4, "strategy": "longest"}""", "truncation.strategy", "LongestFirst")]
    [InlineData("padding", """{"strategy": "BatchLongest"}""", "padding", "'pad_id'")]
    public void WhatIsWrongIsSaidWithItsPlace(string path, string value, string where, string what)
    {
        var json = TinyTokenizer.Json(["a", "b", "ab"], "a b");
        var parent = path.StartsWith("model.", StringComparison.Ordinal) ? json["model"]! : json;
        parent[path.Split('.')[^1]] = JsonNode.Parse(value);
        var message = Assert.Throws<InvalidDataException>(() => TinyTokenizer.Parse(json)).Message;
        Assert.StartsWith("tokenizer.json", message);
        Assert.Contains(where, message);
        Assert.Contains(what, message);
    }

    [Fact]
    public void TemplateProcessing_ManyParts_IsRefused()
    {
        var json = TinyTokenizer.Json(["a"]);
        var part = """{"Sequence": {"id": "A", "type_id": 0}}""";
        json["post_processor"] = new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = JsonNode.Parse($"[{string.Join(',', Enumerable.Repeat(part, 100_000))}]"),
            ["pair"] = new JsonArray(),
            ["special_tokens"] = new JsonObject(),
        };
        var error = Assert.Throws<InvalidDataException>(() => TinyTokenizer.Parse(json));
        Assert.Contains("post_processor.single: a template must have at most 64 parts", error.Message);
    }

    [Theory]
    [InlineData("""{"eos_token": "<none>"}""", "'<none>' is not in the vocabulary")]
    [InlineData("""{"eos_token": 3}""", "must be a string (was 3)")]
    [InlineData("""{"eos_token": {"lstrip": true}}""", "'content'")]
    [InlineData("""{"eos_token": """, "this is not valid JSON")]
    [InlineData("[]", "an object")]
    public void WhatIsWrongInTheConfigIsSaidToo(string config, string what)
    {
        var message = Assert.Throws<InvalidDataException>(() => Tokenizer.Parse(TinyTokenizer.Json(["a"]).ToJsonString(), config)).Message;
        Assert.StartsWith("tokenizer_config.json", message);
        Assert.Contains(what, message);
    }
}
