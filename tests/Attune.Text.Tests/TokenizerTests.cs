using System.Text.Json.Nodes;
using Attune.Testing;

namespace Attune.Text.Tests;

public sealed class TokenizerTests
{
    [Fact]
    public void HostileTextSurvivesTheRoundTrip()
    {
        var tokenizer = TinyTokenizer.Trained;
        var random = new Random(5);
        foreach (var text in HostileText.Examples.Concat(Enumerable.Range(0, 300).Select(i => HostileText.Random(random, i))))
        {
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
            Assert.Equal(tokenizer.Encode(text), tokenizer.EncodeFull(text).Ids);
        }
    }

    [Fact]
    public void OffsetsCountCodePointsAndCoverTheText()
    {
        var encoding = TinyTokenizer.Trained.EncodeFull("🙂 the 𝒜");
        var codePoints = "🙂 the 𝒜".EnumerateRunes().Count();
        Assert.Equal(new(0, 1), encoding.Offsets[0]);
        Assert.Equal(new(codePoints - 1, codePoints), encoding.Offsets[^1]);
        Assert.Equal(new(1, 5), encoding.Offsets[Array.IndexOf(encoding.Tokens, "Ġthe")]);
    }

    [Fact]
    public void HalfASurrogatePairIsTheReplacementCharacter()
    {
        var tokenizer = TinyTokenizer.Trained;
        foreach (var text in new[] { "\uD83D", "a\uDE42b", "\uDE42\uD83D", "🙂\uD83D🙂", "🙂\uDE42🙂" })
        {
            var written = System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text));
            Assert.Equal(tokenizer.Encode(written), tokenizer.Encode(text));
            Assert.Equal(tokenizer.EncodeFull(written).Offsets, tokenizer.EncodeFull(text).Offsets);
        }
    }

    [Fact]
    public void IdsThatAreNoTokenArePassedOver()
    {
        var tokenizer = TinyTokenizer.Trained;
        var a = tokenizer.TokenToId("a")!.Value;
        Assert.Equal("aa", tokenizer.Decode([a, -1, int.MaxValue, tokenizer.VocabularySize, a]));
        Assert.Null(tokenizer.IdToToken(-1));
    }

    [Fact]
    public void ASavedTokenizerEncodesTheSame()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = TinyTokenizer.Trained;
        tokenizer.Save(folder.Path);
        var loaded = Tokenizer.Load(folder.Path);
        Assert.Equal((tokenizer.BosId, tokenizer.EosId, tokenizer.PadId), (loaded.BosId, loaded.EosId, loaded.PadId));
        Assert.Equal(tokenizer.VocabularySize, loaded.VocabularySize);
        foreach (var text in HostileText.Examples)
            Assert.Equal(tokenizer.Encode(text), loaded.Encode(text));
    }

    [Fact]
    public void KeysThatAreNotReadSurviveARoundTrip()
    {
        using var folder = new TemporaryFolder();
        var json = TinyTokenizer.Json(["a"]);
        json["later"] = "kept";
        folder.Write("tokenizer.json", json.ToJsonString());
        folder.Write("tokenizer_config.json", """{"model_max_length": 512, "added_tokens_decoder": {"0": {"content": "a"}}}""");
        Tokenizer.Load(folder.Path).WithChatTemplate("{{ x }}").Save(folder.File("copy"));

        Assert.Equal("kept", (string?)JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Path, "copy", "tokenizer.json")))!["later"]);
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Path, "copy", "tokenizer_config.json")))!;
        Assert.Equal(512, (int)config["model_max_length"]!);
        Assert.Equal("a", (string?)config["added_tokens_decoder"]!["0"]!["content"]);
        Assert.Equal("{{ x }}", (string?)config["chat_template"]);
    }

    [Fact]
    public void WhatTheConfigLacksIsTakenFromTheFilesBesideIt()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", TinyTokenizer.Json(["a", "b", "c"]).ToJsonString());
        folder.Write("tokenizer_config.json", """{"eos_token": {"content": "b", "lstrip": false}, "pad_token": null}""");
        folder.Write("special_tokens_map.json", """{"eos_token": "a", "pad_token": {"content": "c"}}""");
        folder.Write("chat_template.jinja", "{{ messages }}");
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal((1, 2, null), (tokenizer.EosId, tokenizer.PadId, tokenizer.BosId));
        Assert.Equal("{{ messages }}", tokenizer.ChatTemplate);
    }

    [Fact]
    public void OfSeveralChatTemplatesTheDefaultCounts()
    {
        var tokenizer = Tokenizer.Parse(
            TinyTokenizer.Json(["a"]).ToJsonString(),
            """{"chat_template": [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]}""");
        Assert.Equal("d", tokenizer.ChatTemplate);
    }

    [Fact]
    public void PartsCanBeGivenToTokensOldAndNew()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = TinyTokenizer.Trained.WithSpecialTokens(eos: "<|im_end|>", unk: "<|pad|>");
        Assert.Equal(TinyTokenizer.Trained.VocabularySize + 1, tokenizer.VocabularySize);
        Assert.Equal(TinyTokenizer.Trained.VocabularySize, tokenizer.EosId);
        Assert.Equal(tokenizer.PadId, tokenizer.UnkId);
        Assert.Equal(TinyTokenizer.Trained.BosId, tokenizer.BosId);
        Assert.Equal([tokenizer.EosId!.Value], tokenizer.Encode("<|im_end|>"));
        tokenizer.Save(folder.Path);
        Assert.Equal(tokenizer.EosId, Tokenizer.Load(folder.Path).EosId);
    }

    [Fact]
    public void SeveralNewTokensGetIdsOfTheirOwn()
    {
        var json = TinyTokenizer.Json(["a"]);
        json.Remove("added_tokens");
        var tokenizer = TinyTokenizer.Parse(json).WithSpecialTokens(bos: "<s>", eos: "</s>", pad: "</s>");
        Assert.Equal((1, 2, 2), (tokenizer.BosId, tokenizer.EosId, tokenizer.PadId));
        Assert.Equal([1, 0, 2], tokenizer.Encode("<s>a</s>"));
    }

    [Fact]
    public void SpecialTokensArePutAroundTheIdsAsAroundTheFullEncoding()
    {
        var json = TinyTokenizer.Json(["a", "<s>", "</s>"]);
        json["post_processor"] = JsonNode.Parse("""
            {"type": "TemplateProcessing",
             "single": [
               {"SpecialToken": {"id": "<s>", "type_id": 0}},
               {"Sequence": {"id": "A", "type_id": 0}},
               {"SpecialToken": {"id": "</s>", "type_id": 0}}],
             "pair": [
               {"Sequence": {"id": "A", "type_id": 0}},
               {"SpecialToken": {"id": "</s>", "type_id": 1}},
               {"Sequence": {"id": "B", "type_id": 1}}],
             "special_tokens": {
               "<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]},
               "</s>": {"id": "</s>", "ids": [2], "tokens": ["</s>"]}}}
            """);
        var tokenizer = TinyTokenizer.Parse(json);
        Assert.Equal([1, 0, 0, 2], tokenizer.Encode("aa", addSpecialTokens: true));
        Assert.Equal([0, 0], tokenizer.Encode("aa"));
        Assert.Equal([0, 2, 0, 0], tokenizer.EncodeFull("a", "aa").Ids);
        Assert.Equal([0, 1, 1, 1], tokenizer.EncodeFull("a", "aa").TypeIds);
    }

    [Fact]
    public void TruncationAndPaddingOfTheFileHoldForFullEncodingsOnly()
    {
        var json = TinyTokenizer.Json(["a", "<pad>"]);
        json["truncation"] = JsonNode.Parse("""{"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0}""");
        json["padding"] = JsonNode.Parse("""
            {"strategy": {"Fixed": 5}, "direction": "Left", "pad_to_multiple_of": null,
             "pad_id": 1, "pad_type_id": 0, "pad_token": "<pad>"}
            """);
        var tokenizer = TinyTokenizer.Parse(json);
        Assert.Equal([1, 1, 0, 0, 0], tokenizer.EncodeFull("aaaa").Ids);
        Assert.Equal([0, 0, 0, 0], tokenizer.Encode("aaaa"));
    }

    [Fact]
    public void TruncationToNothingLeavesNothing() =>
        Assert.Empty(TinyTokenizer.Trained.EncodeBatch([("some text", null)], truncation: new() { MaxLength = 0 })[0].Ids);

    [Theory]
    [InlineData(3, 4, TruncationStrategy.LongestFirst)]
    [InlineData(3, 3, TruncationStrategy.LongestFirst)]
    [InlineData(2, 0, TruncationStrategy.OnlySecond)]
    public void TruncationThatCannotBeIsAnError(int length, int stride, TruncationStrategy strategy)
    {
        var truncation = new Truncation { MaxLength = length, Stride = stride, Strategy = strategy };
        Assert.Throws<InvalidDataException>(() => TinyTokenizer.Trained.EncodeBatch([("some text", null)], truncation: truncation));
    }

    [Fact]
    public void AddedTokensAreFoundInNormalizedText()
    {
        var json = TinyTokenizer.Json(["a", "b"]);
        json["normalizer"] = JsonNode.Parse("""{"type": "Lowercase"}""");
        json["added_tokens"] = new JsonArray(
            TinyTokenizer.AddedToken(2, "Tok", normalized: true),
            TinyTokenizer.AddedToken(3, "RAW"),
            TinyTokenizer.AddedToken(4, "Tokens"));
        Assert.Equal([0, 2, 1, 2, 3], TinyTokenizer.Parse(json).Encode("AtOkbTOKRAWrw"));
        Assert.Equal([4, 2], TinyTokenizer.Parse(json).Encode("TokensTok"));
    }

    [Theory]
    [InlineData("""{"type": "Prepend", "prepend": "▁"}""", "see wave here wave")]                  // tokenizers 0.23.1
    [InlineData("""{"type": "Lowercase"}""", "seewaveherewave")]
    [InlineData("null", "seeWaVehereWaVe")]
    public void Decode_NormalizedAddedToken_GivesItsNormalizedText(string normalizer, string expected)
    {
        var json = TinyTokenizer.Json(["▁see", "▁here", "see", "here"]);
        json["normalizer"] = JsonNode.Parse(normalizer);
        json["decoder"] = JsonNode.Parse("""
            {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "Fuse"},
                                              {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
            """);
        json["added_tokens"] = new JsonArray(TinyTokenizer.AddedToken(4, normalizer.Contains('▁') ? "wave" : "WaVe", normalized: true));
        int[] ids = normalizer.Contains('▁') ? [0, 4, 1, 4] : [2, 4, 3, 4];
        Assert.Equal(expected, TinyTokenizer.Parse(json).Decode(ids));
    }

    [Fact]
    public void OneTokenizerServesManyThreads()
    {
        string[] texts = [.. Enumerable.Range(0, 200).Select(i => HostileText.Random(new(i), 100))];
        var expected = texts.Select(text => TinyTokenizer.Trained.Encode(text)).ToArray();
        var fresh = TinyTokenizer.Trained.WithChatTemplate(null);
        Parallel.For(0, 1000, i => Assert.Equal(expected[i % 200], fresh.Encode(texts[i % 200])));
    }
}
