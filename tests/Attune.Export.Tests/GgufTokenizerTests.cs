using System.Text.Json.Nodes;
using Attune.Models.Checkpoints;
using Attune.Testing;
using Attune.Text;
using Attune.Torch;

namespace Attune.Export.Tests;

/// <summary>llama.cpp reads the same tokens, special tokens and chat template.</summary>
public sealed class GgufTokenizerTests : IDisposable
{
    const int UnusedRows = 3;

    readonly TemporaryFolder folder = new();
    readonly List<string> notices = [];

    public void Dispose() => folder.Dispose();

    [Theory]
    [Trait("Category", "Golden")]
    [InlineData("bpe-gpt2", "gpt-2", 220)]
    [InlineData("bpe-llama3", "llama-bpe", 231)]
    [InlineData("bpe-qwen2", "qwen2", 220)]
    public void Tokens_OfAGoldenTokenizer_AreThoseOfTokenizers(string name, string pre, int least)
    {
        var tokenizer = Tokenizer.Load(Golden.PathTo("tokenizers", name));
        using var file = new LlamaCpp(Export(tokenizer));
        Assert.Equal(pre, file.Metadata["tokenizer.ggml.pre"]);
        var (compared, plain) = (0, WithoutNormalizer(name));
        foreach (var item in Cases(name).Where(item => IsSame((string)item["text"]!)))
        {
            if (!plain.Encode((string)item["text"]!).SequenceEqual(tokenizer.Encode((string)item["text"]!)))
                continue;
            var expected = item["ids"]!.AsArray().Select(id => (int)id!);
            Assert.Equal(expected, file.Tokenize((string)item["text"]!, (bool)item["add_special_tokens"]!));
            compared++;
        }
        Assert.True(compared >= least, $"{compared} cases were compared");
        Golden.Ran("export: tokens in llama.cpp", compared);
    }

    static IEnumerable<JsonNode> Cases(string name) =>
        File.ReadLines(Golden.PathTo("tokenizers", name, "cases.jsonl")).Select(line => JsonNode.Parse(line)!)
            .Where(item => item["pair"] is null);

    /// <summary>Whether the text has none of the tokens that an export has a notice about, which strip spaces or are whole words.</summary>
    static bool IsSame(string text) =>
        !text.Contains("<sep>", StringComparison.Ordinal) && !text.Contains("word!", StringComparison.Ordinal);

    /// <summary>The tokenizer without its normalizer, which llama.cpp does not have.</summary>
    static Tokenizer WithoutNormalizer(string name)
    {
        var json = JsonNode.Parse(File.ReadAllText(Golden.PathTo("tokenizers", name, "tokenizer.json")))!;
        json["normalizer"] = null;
        return Tokenizer.Parse(json.ToJsonString());
    }

    [Theory]
    [InlineData("spm-bpe-llama2", true)]
    [InlineData("spm-bpe-metaspace", true)]
    [InlineData("gemma", false)]
    public void Tokens_OfATokenizerFromSentencePiece_AreTheSame(string name, bool hasSpacePrefix)
    {
        var tokenizer = FromSentencePiece(name);
        using var file = new LlamaCpp(Export(tokenizer));
        Assert.Equal("llama", file.Metadata["tokenizer.ggml.model"]);
        Assert.Equal(hasSpacePrefix ? "true" : "false", file.Metadata["tokenizer.ggml.add_space_prefix"]);
        Assert.Equal(name == "spm-bpe-metaspace", notices.Exists(notice => notice.Contains("a space in front of the text after each")));
        var texts = Cases("spm-bpe-llama2").Select(item => (string)item["text"]!)
            .Where(text => text.Length > 0 && !text.Contains('<') && (name != "spm-bpe-metaspace" || text[0] is not (' ' or '▁'))).ToList();
        Assert.True(texts.Count > 150, $"{texts.Count} texts");
        foreach (var text in texts)
            Assert.True(tokenizer.Encode(text, addSpecialTokens: true).SequenceEqual(file.Tokenize(text, addSpecialTokens: true)), text);
    }

    /// <summary>
    /// The vocabulary of a golden tokenizer, with its normalizer or Gemma's, and the merges that transformers makes of the scores of a
    /// SentencePiece model: all pairs of tokens for each token.
    /// </summary>
    static Tokenizer FromSentencePiece(string name, Action<JsonArray>? addTokens = null)
    {
        var path = Golden.PathTo("tokenizers", name == "gemma" ? "spm-bpe-llama2" : name);
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(path, "tokenizer.json")))!;
        var model = json["model"]!.AsObject();
        var ids = model["vocab"]!.AsObject().ToDictionary(token => token.Key, token => (int)token.Value!, StringComparer.Ordinal);
        var tokens = model["merges"]!.AsArray().Select(pair => (string)pair![0]! + (string)pair[1]!).Distinct(StringComparer.Ordinal);
        model["merges"] = new JsonArray([.. from token in tokens
                                            from pair in Splits(token, ids)
                                            select new JsonArray(pair.Left, pair.Right)]);
        addTokens?.Invoke(json["added_tokens"]!.AsArray());
        if (name == "gemma")
        {
            json["normalizer"] = JsonNode.Parse("""{"type": "Replace", "pattern": {"String": " "}, "content": "▁"}""");
            json["pre_tokenizer"] = JsonNode.Parse(
                """{"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": false}""");
        }
        return Tokenizer.Parse(json.ToJsonString(), File.ReadAllText(Path.Combine(path, "tokenizer_config.json")));
    }

    static IEnumerable<(string Left, string Right)> Splits(string token, Dictionary<string, int> ids) =>
        Enumerable.Range(1, token.Length - 1).Select(at => (Left: token[..at], Right: token[at..]))
            .Where(pair => ids.ContainsKey(pair.Left) && ids.ContainsKey(pair.Right)).OrderBy(pair => (ids[pair.Left], ids[pair.Right]));

    [Theory]
    [InlineData("smollm", """[{"type": "Digits", "individual_digits": true}, {"type": "ByteLevel", "add_prefix_space": false}]""")]
    [InlineData("dbrx", null)]
    public void Tokens_OfAnotherPreTokenizer_AreTheSame(string pre, string? steps)
    {
        var json = JsonNode.Parse(File.ReadAllText(Golden.PathTo("tokenizers", "bpe-llama3", "tokenizer.json")))!;
        json["model"]!["ignore_merges"] = false;
        if (steps is not null)
            json["pre_tokenizer"]!["pretokenizers"] = JsonNode.Parse(steps);
        var config = File.ReadAllText(Golden.PathTo("tokenizers", "bpe-llama3", "tokenizer_config.json"));
        var tokenizer = Tokenizer.Parse(json.ToJsonString(), config);
        using var file = new LlamaCpp(Export(tokenizer));
        Assert.Equal(pre, file.Metadata["tokenizer.ggml.pre"]);
        foreach (var text in Cases("bpe-llama3").Select(item => (string)item["text"]!).Where(text => text.Length > 0))
            Assert.True(tokenizer.Encode(text).SequenceEqual(file.Tokenize(text, addSpecialTokens: false)), text);
    }

    [Fact]
    public void Tokens_OfPhi3_StripSpacesAfterSpecialTokens()
    {
        string[] rstrip = ["false", "true"];
        const string Text = "the pool<|end|>\n\nthe hotel";
        var tokenizer = FromSentencePiece("spm-bpe-llama2", tokens =>
        {
            foreach (var (id, token) in new[] { "<|endoftext|>", "<|end|>" }.Index())
                tokens.Add(JsonNode.Parse(
                    $$"""{"id": {{570 + id}}, "content": "{{token}}", "special": true, "normalized": false, "rstrip": {{rstrip[id]}}}"""));
        });
        using var file = new LlamaCpp(Export(tokenizer, "phi3"));
        Assert.Equal("Phi-3 a phi 3 test", file.Metadata["general.name"]);
        Assert.Equal(tokenizer.Encode(Text), file.Tokenize(Text, addSpecialTokens: false));
        Assert.Empty(notices);
    }

    [Fact]
    public void Metadata_OfAChatModel_HasSpecialTokensAndTemplate()
    {
        const string Template = "{{ bos_token }}{% for message in messages %}{{ message.content }}<|eot|>{% endfor %}";
        var tokenizer = Tokenizer.Load(Golden.PathTo("tokenizers", "bpe-llama3")).WithChatTemplate(Template);
        using var file = new LlamaCpp(Export(tokenizer));
        Assert.Equal(Template, file.Metadata["tokenizer.chat_template"]);
        Assert.Equal($"{tokenizer.BosId}", file.Metadata["tokenizer.ggml.bos_token_id"]);
        Assert.Equal($"{tokenizer.EosId}", file.Metadata["tokenizer.ggml.eos_token_id"]);
        Assert.Equal("true", file.Metadata["tokenizer.ggml.add_bos_token"]);
        Assert.Equal(tokenizer.Encode("Hello", addSpecialTokens: true), file.Tokenize("Hello", addSpecialTokens: true));
        Assert.Equal($"{tokenizer.VocabularySize + UnusedRows}", file.Metadata["llama.vocab_size"]);
        Assert.Empty(notices);
    }

    [Fact]
    public void Decode_OfTokens_IsTheText()
    {
        var tokenizer = Tokenizer.Load(Golden.PathTo("tokenizers", "bpe-qwen2"));
        using var file = new LlamaCpp(Export(tokenizer));
        const string Text = "Where is the pool? It's on floor 12 – 한국!\n\n";
        Assert.Equal(Text, file.Decode(tokenizer.Encode(Text)));
        Assert.Equal("llama.cpp does not normalize texts (NFC)", notices[0]);
    }

    [Theory]
    [InlineData("wordlevel", "tokenizer.json, model: the model is WordLevel, which cannot be exported; llama.cpp has byte-level BPE")]
    [InlineData("unigram-t5", "the model is Unigram, which cannot be exported")]
    [InlineData("spm-bpe-llama2", "so the tokenizer was not converted from SentencePiece; llama.cpp merges by the scores of tokens")]
    public void Export_OfAnotherTokenizer_IsRefused(string name, string expected)
    {
        var error = Assert.Throws<InvalidDataException>(() => Export(Tokenizer.Load(Golden.PathTo("tokenizers", name))));
        Assert.Contains(expected, error.Message);
    }

    [Theory]
    [InlineData("pre_tokenizer", """{"type": "ByteLevel", "add_prefix_space": true}""", "adds a space in front of texts")]
    [InlineData("normalizer", """{"type": "Lowercase"}""", "the normalizer is Lowercase")]
    [InlineData(
        "pre_tokenizer",
        """{"type": "Sequence", "pretokenizers": [{"type": "Whitespace"}, {"type": "ByteLevel", "add_prefix_space": false}]}""",
        "the pre-tokenizer has another pattern")]
    public void Export_OfAByteLevelTokenizerThatLlamaCppDoesNotHave_IsRefused(string part, string value, string expected)
    {
        var json = JsonNode.Parse(File.ReadAllText(Golden.PathTo("tokenizers", "bpe-gpt2", "tokenizer.json")))!;
        json[part] = JsonNode.Parse(value);
        var tokenizer = Tokenizer.Parse(json.ToJsonString(), """{"eos_token": "<|endoftext|>"}""");
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => Export(tokenizer)).Message);
    }

    [Fact]
    public void Export_WithoutAnEndOfSequenceToken_IsRefused()
    {
        var tokenizer = Tokenizer.Parse(File.ReadAllText(Golden.PathTo("tokenizers", "bpe-gpt2", "tokenizer.json")));
        var error = Assert.Throws<InvalidDataException>(() => Export(tokenizer));
        Assert.Contains("names an end-of-sequence token, which llama.cpp needs", error.Message);
    }

    string Export(Tokenizer tokenizer, string family = "llama")
    {
        var (model, path) = (folder.File("model"), folder.File("model.gguf"));
        using var random = new RandomSource(1);
        var config = Pretrained.ReadConfig(Golden.PathTo("models", family));
        config["vocab_size"] = tokenizer.VocabularySize + UnusedRows;
        config.Remove("eos_token_id");
        Pretrained.Save(model, Pretrained.NewLanguageModel(config, random));
        GgufExport.Write(model, tokenizer, path, GgufType.F32, "a phi3 test", notices.Add);
        return path;
    }
}
