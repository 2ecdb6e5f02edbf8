using System.Text.Json.Nodes;
using Attune.Testing;

namespace Attune.Text.Tests;

/// <summary>
/// Folders without tokenizer.json: golden tokenizers converted to the files of older checkpoints must encode the golden texts equally.
/// </summary>
public sealed class VocabularyFilesTests
{
    [Theory]
    [InlineData("bpe-gpt2", "GPT2Tokenizer")]
    [InlineData("bpe-roberta", "RobertaTokenizerFast")]
    [InlineData("bpe-roberta", null)]
    [InlineData("bpe-qwen2", "Qwen2Tokenizer")]
    public void BytePairFilesMakeTheTokenizerThatTheyCameFrom(string name, string? tokenizerClass)
    {
        using var folder = new TemporaryFolder();
        var json = Golden(name);
        folder.Write("vocab.json", json["model"]!["vocab"]!.ToJsonString());
        folder.Write("merges.txt", "#version: 0.2\n" + string.Join('\n', Merges(json)) + "\n");
        WriteConfig(folder, name, tokenizerClass);
        AssertSame(Tokenizer.Load(folder.Path), name);
    }

    [Theory]
    [InlineData("wordpiece-uncased", "{}")]
    [InlineData("wordpiece-cased", """{"do_lower_case": false, "tokenizer_class": "BertTokenizer"}""")]
    public void ALineATokenMakesBertsTokenizer(string name, string config)
    {
        using var folder = new TemporaryFolder();
        var tokens = Golden(name)["model"]!["vocab"]!.AsObject().OrderBy(entry => (int)entry.Value!).Select(entry => entry.Key);
        folder.Write("vocab.txt", string.Concat(tokens.Select(token => token + "\n")));
        folder.Write("tokenizer_config.json", config);
        AssertSame(Tokenizer.Load(folder.Path), name);
    }

    [Fact]
    public void TokensAddedLaterAreNumberedOn()
    {
        using var folder = new TemporaryFolder();
        folder.Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n");
        folder.Write("added_tokens.json", """{"<two>": 7, "<one>": 6}""");
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal([2, 6, 5, 7, 3], tokenizer.Encode("<one>A<two>", addSpecialTokens: true));
        Assert.Equal((0, 1), (tokenizer.PadId, tokenizer.UnkId));
    }

    [Fact]
    public void ATextBeginsWithBosWhenTheConfigSaysSo()
    {
        using var folder = new TemporaryFolder();
        folder.Write("vocab.json", """{"a": 0, "</s>": 1}""");
        folder.Write("merges.txt", "");
        folder.Write("tokenizer_config.json", """{"tokenizer_class": "GPT2Tokenizer", "add_bos_token": true, "bos_token": "</s>"}""");
        Assert.Equal([1, 0], Tokenizer.Load(folder.Path).Encode("a", addSpecialTokens: true));
    }

    [Theory]
    [InlineData("vocab.txt", "a", """{"tokenizer_class": "MPNetTokenizer"}""", "MPNetTokenizer")]
    [InlineData("vocab.txt", "a", "{}", "'[SEP]'")]
    [InlineData("vocab.json", "{}", "{}", "merges.txt")]
    [InlineData("vocab.json", "[]", "{}", "an object")]
    [InlineData("spiece.model", "", "{}", "SentencePiece")]
    public void WhatCannotBeReadIsSaid(string file, string content, string config, string said)
    {
        using var folder = new TemporaryFolder();
        folder.Write(file, content);
        folder.Write("tokenizer_config.json", config);
        var error = Record.Exception(() => Tokenizer.Load(folder.Path));
        Assert.True(error is InvalidDataException or FileNotFoundException);
        Assert.Contains(said, error.Message);
    }

    static JsonNode Golden(string name) => JsonNode.Parse(File.ReadAllText(PathTo(name, "tokenizer.json")))!;

    static string PathTo(string name, string file) => Repository.PathTo("tests", "golden", "tokenizers", name, file);

    static IEnumerable<string> Merges(JsonNode json) =>
        json["model"]!["merges"]!.AsArray().Select(merge => $"{(string)merge![0]!} {(string)merge[1]!}");

    static void WriteConfig(TemporaryFolder folder, string name, string? tokenizerClass)
    {
        var config = JsonNode.Parse(File.ReadAllText(PathTo(name, "tokenizer_config.json")))!;
        config["tokenizer_class"] = tokenizerClass;
        folder.Write("tokenizer_config.json", config.ToJsonString());
    }

    static int[] Pair(Offset offset) => [offset.Start, offset.End];

    static void AssertSame(Tokenizer tokenizer, string name)
    {
        var differences = new Differences();
        foreach (var line in File.ReadLines(PathTo(name, "cases.jsonl")))
        {
            var expected = System.Text.Json.JsonElement.Parse(line);
            var (text, pair) = (expected.GetProperty("text").GetString()!, expected.GetProperty("pair").GetString());
            var encoding = tokenizer.EncodeFull(text, pair, expected.GetProperty("add_special_tokens").GetBoolean());
            differences.Add(text, "ids", expected.GetProperty("ids"), encoding.Ids);
            differences.Add(text, "type_ids", expected.GetProperty("type_ids"), encoding.TypeIds);
            differences.Add(text, "offsets", expected.GetProperty("offsets"), encoding.Offsets.Select(Pair));
            differences.Add(text, "decoded", expected.GetProperty("decoded"), tokenizer.Decode(encoding.Ids));
        }
        differences.AssertNone();
    }
}
