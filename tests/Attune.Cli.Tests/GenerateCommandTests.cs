using System.Text.Json.Nodes;
using Attune.Models.Adapters;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Models.Heads;
using Attune.Testing.Models;
using Attune.Text;
using Attune.Text.Trainers;
using Attune.Torch;
using Attune.Training.Parameters;
using static Attune.Cli.Tests.Commands;

namespace Attune.Cli.Tests;

/// <summary>`attune generate` with model folders, whole and damaged.</summary>
public sealed class GenerateCommandTests : ModelFolderTests
{
    [Fact]
    public void Generate_FileOfPrompts_DependsOnTheSeedOnly()
    {
        var prompts = TinyData.Prompts(folder);
        var (first, again, other) = (Generate("a", 1), Generate("b", 1), Generate("c", 2));
        Assert.Equal(36, first.Length);
        Assert.All(first, line => Assert.Equal(2, JsonNode.Parse(line)!["completions"]!.AsArray().Count));
        Assert.Equal("The cat says", JsonNode.Parse(first[0])!["prompt"]!.GetValue<string>());
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);

        string[] Generate(string name, int seed)
        {
            var output = folder.File(name + ".jsonl");
            Succeed(
                "generate", model, "--prompts", prompts, "--samples", "2", "--max-new-tokens", "6", "--seed", $"{seed}",
                "--output", output);
            return File.ReadAllLines(output);
        }
    }

    [Fact]
    public void Generate_FieldsOfTheFile_AreNamedMappedOrStopTheCommand()
    {
        string[] few = ["--max-new-tokens", "2"];
        var prompts = folder.Write("prompts.jsonl", """{"prompt":"The cat says","completion":" meow.","id":1}""");
        Assert.Contains("generate does not use `completion`, `id`", Commands.Run(["generate", model, "--prompts", prompts, .. few]).Error);
        var asked = folder.Write("asked.jsonl", """{"question":"The cat says","id":1}""");
        Fail("`--columns` says which field it is", "generate", model, "--prompts", asked);
        Assert.Equal("The cat says", JsonNode.Parse(Succeed(
            ["generate", model, "--prompts", asked, "--columns", "prompt=question", .. few]))!["prompt"]!.GetValue<string>());
        var told = folder.Write("told.jsonl", """{"prompt":"The cat says","system":"Be a cat."}""");
        Fail("line 1: generate would not use `system` beside prompt", "generate", model, "--prompts", told);
        Succeed(["generate", model, "--prompts", told, "--ignore", "system", .. few]);
    }

    [Fact]
    public void Generate_Greedy_EverySampleIsTheSame()
    {
        var one = Succeed("generate", model, "The cat says", "--temperature", "0", "--max-new-tokens", "5");
        var two = Succeed("generate", model, "The cat says", "--temperature", "0", "--max-new-tokens", "5", "--samples", "2");
        Assert.Equal($"{one.TrimEnd('\n')}\n\n{one}", two);
    }

    [Fact]
    public void Generate_ModelWithATemplate_WritesAPlainPromptAsAUserMessage()
    {
        var prompts = folder.Write("one.jsonl", """{"prompt":"The cat says"}""");
        var before = Greedy("The cat says");
        TinyData.Tokenizer
            .WithChatTemplate("{% for m in messages %}{{ m.content }} and{% endfor %}{{ ' the' if add_generation_prompt }}").Save(model);
        Assert.Equal(before, Greedy("The cat says", "--raw"));
        Assert.Equal(Greedy("The cat says and the", "--raw"), Greedy("The cat says"));
        Assert.Equal(Greedy("The dog and The cat says and the", "--raw"), Greedy("The cat says", "--system", "The dog"));
        var line = JsonNode.Parse(Succeed("generate", model, "--prompts", prompts, "--temperature", "0", "--max-new-tokens", "8"))!;
        Assert.Equal("The cat says", line["prompt"]!.GetValue<string>());
        Assert.Equal(Greedy("The cat says"), line["completions"]![0]!.GetValue<string>() + "\n");
        Fail("no system message", "generate", model, "The cat says", "--raw", "--system", "Be brief.");
        TinyData.Tokenizer.Save(model);
        Fail("the model has no chat template", "generate", model, "The cat says", "--system", "Be brief.");

        string Greedy(params string[] words) => Succeed(["generate", model, "--temperature", "0", "--max-new-tokens", "8", .. words]);
    }

    [Fact]
    public void Generate_StopString_EndsTheResponseBeforeIt()
    {
        var whole = Succeed("generate", model, "The cat says", "--temperature", "0", "--max-new-tokens", "12").TrimEnd('\n');
        var stop = whole[(whole.Length / 2)..(whole.Length / 2 + 2)];
        var text = Succeed("generate", model, "The cat says", "--temperature", "0", "--max-new-tokens", "12", "--stop", stop);
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)] + "\n", text);
        Fail("`beams` must be 0 with --stop", "generate", model, "The cat says", "--beams", "2", "--stop", "x");
    }

    [Fact]
    public void Generate_MoreTokensThanTheContextOrAnEmptyResponse_IsSaid()
    {
        var (_, _, error) = Commands.Run("generate", model, "The cat says", "--max-new-tokens", "5000", "--min-new-tokens", "60");
        Assert.Contains("--max-new-tokens 5000 is more than the model's context of 48 tokens", error);
        Assert.Contains("the response ends before --max-new-tokens 5000, because the model's context of 48 tokens is full", error);
        var eos = TinyData.Tokenizer.EosId!.Value;
        (_, _, error) = Commands.Run("generate", model, "The cat says", "--forced-bos-token-id", $"{eos}");
        Assert.Contains("the response is empty: the model ended it with its first token", error);
    }

    [Fact]
    public void Generate_TokenWithoutAnEmbedding_IsRefused()
    {
        TinyData.Tokenizer.WithSpecialTokens(unk: "<far>").Save(folder.File("far"));
        foreach (var file in Directory.EnumerateFiles(model).Where(file => !Path.GetFileName(file).StartsWith("tokenizer")))
            File.Copy(file, Path.Combine(folder.File("far"), Path.GetFileName(file)));
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.File("far"), "tokenizer_config.json")))!.AsObject();
        json.Remove("unk_token");
        File.WriteAllText(Path.Combine(folder.File("far"), "tokenizer_config.json"), json.ToJsonString());
        Fail("the prompt, line 1: the token '<far>' has the id 300, but the model has embeddings for 300 tokens",
            "generate", folder.File("far"), "The <far> says");
    }

    [Fact]
    public void Generate_StoredFloat16OnACpu_ComputesInFloat32AndSaysSo()
    {
        var half = Pretrained.LoadLanguageModel(model);
        foreach (var parameter in half.Parameters)
            parameter.StoredDType = DType.Float16;
        ModelFolder.Save(folder.File("half"), half, TinyData.Tokenizer);
        var (code, output, error) = Commands.Run("generate", folder.File("half"), "The cat says", "--dtype", "stored", "--device", "cpu");
        Assert.Equal(0, code);
        Assert.Contains("a CPU does not compute in float16; the weights are converted to float32", error);
        Assert.Equal(Succeed("generate", folder.File("half"), "The cat says", "--device", "cpu"), output);
    }

    [Fact]
    public void Generate_EncoderDecoder_WritesResponses()
    {
        using var random = new RandomSource(1);
        var tokenizer = TinyData.Tokenizer;
        var shape = new ModelShape { Family = "t5", Layers = 1, Width = 32, Heads = 2, Context = 48 };
        var t5 = folder.File("t5");
        var config = shape.ToConfig(tokenizer.VocabularySize, tokenizer.BosId, tokenizer.EosId, tokenizer.PadId);
        ModelFolder.Save(t5, Pretrained.NewLanguageModel(config, random), tokenizer);
        var prompts = folder.Write("one.jsonl", """{"prompt":"The cat says"}""");
        var streamed = Succeed("generate", t5, "The cat says", "--max-new-tokens", "8");
        var written = JsonNode.Parse(Succeed("generate", t5, "--prompts", prompts, "--max-new-tokens", "8"))!;
        Assert.NotEqual("\n", streamed);
        Assert.Equal(streamed, written["completions"]![0]!.GetValue<string>() + "\n");
        Assert.NotEqual(streamed, Succeed("generate", t5, "The dog says and says", "--max-new-tokens", "8"));
    }

    [Theory]
    [InlineData("--repetition-penalty", "1000")]
    [InlineData("--frequency-penalty", "100")]
    [InlineData("--presence-penalty", "100")]
    [InlineData("--no-repeat-ngram-size", "1")]
    [InlineData("--exponential-decay-length-penalty", "0,9")]
    [InlineData("--forced-bos-token-id", "40")]
    [InlineData("--forced-eos-token-id", "40")]
    [InlineData("--sequence-bias", " says=-50")]
    [InlineData("--guidance-scale", "40")]
    public void Generate_LogitsFilter_ChangesTheGreedyResponse(string option, string value)
    {
        string[] greedy = ["generate", model, "The cat says", "--temperature", "0", "--max-new-tokens", "12"];
        Assert.NotEqual(Succeed(greedy), Succeed([.. greedy, option, value]));
    }

    [Theory]
    [InlineData("--top-k", "1")]
    [InlineData("--top-p", "0.000001")]
    [InlineData("--min-p", "1")]
    [InlineData("--top-h", "0.000001")]
    [InlineData("--epsilon-cutoff", "0.999")]
    public void Generate_FilterThatKeepsOneToken_IsGreedy(string option, string value) => Assert.Equal(
        Succeed("generate", model, "The cat says", "--temperature", "0", "--max-new-tokens", "5"),
        Succeed("generate", model, "The cat says", option, value, "--max-new-tokens", "5"));

    [Fact]
    public void Generate_EtaCutoff_ChangesTheSample()
    {
        string[] drawn = ["generate", model, "The cat says", "--max-new-tokens", "12"];
        Assert.NotEqual(Succeed(drawn), Succeed([.. drawn, "--eta-cutoff", "0.999"]));
    }

    [Fact]
    public void Generate_ModelOfIlql_AddsItsAdvantageUnlessSwitchedOff()
    {
        using var random = new RandomSource(2);
        var trained = Pretrained.LoadLanguageModel(model);
        var own = folder.File("ilql");
        IlqlHeads.AddTo(trained, twoQs: true, random);
        trained.Advantage = new(500, 0);
        ModelFolder.Save(own, trained, TinyData.Tokenizer);
        string[] words = ["The cat says", "--temperature", "0", "--max-new-tokens", "12"];
        var plain = Succeed(["generate", model, .. words]);
        Assert.NotEqual(plain, Succeed(["generate", own, .. words]));
        Assert.Equal(Succeed(["generate", own, .. words]), Succeed(["generate", own, .. words, "--advantage-beta", "500"]));
        Assert.Equal(plain, Succeed(["generate", own, .. words, "--advantage-beta", "0"]));
    }

    [Fact]
    public void Generate_SuppressedTokensAndBadWords_AreNotGenerated()
    {
        string[] greedy = ["generate", model, "The cat says", "--temperature", "0", "--max-new-tokens", "12"];
        var plain = Succeed(greedy);
        var ids = string.Join(',', TinyData.Tokenizer.Encode(plain.TrimEnd('\n')).Distinct());
        Assert.NotEqual(plain, Succeed([.. greedy, "--suppress-tokens", ids]));
        Assert.NotEqual(plain[0], Succeed([.. greedy, "--begin-suppress-tokens", ids])[0]);
        Assert.NotEqual(plain, Succeed([.. greedy, "--bad-word", plain.TrimEnd('\n'), "--bad-word", "cat"]));
        Assert.Equal(plain, Succeed([.. greedy, "--remove-invalid-values", "--renormalize-logits"]));
        Assert.NotEqual(
            Succeed([.. greedy, "--guidance-scale", "9"]), Succeed([.. greedy, "--guidance-scale", "9", "--negative-prompt", "A dog"]));
    }

    [Fact]
    public void Generate_Beams_ReturnsTheBestAndOneBeamIsGreedy()
    {
        string[] words = ["generate", model, "The cat says", "--max-new-tokens", "5"];
        Assert.Equal(Succeed([.. words, "--temperature", "0"]), Succeed([.. words, "--beams", "1"]));
        var four = Succeed([.. words, "--beams", "4", "--samples", "4"]).TrimEnd('\n').Split("\n\n");
        Assert.Equal(4, four.Length);
        Assert.Distinct(four);
        Assert.Equal(four[0], Succeed([.. words, "--beams", "4"]).TrimEnd('\n'));
    }

    [Theory]
    [InlineData("`beams` must be at least 1 (was -1).", "--beams", "-1")]
    [InlineData("must be at most the number of beams (2) (was 3).", "--beams", "2", "--samples", "3")]
    [InlineData("`beams` must be 0 with --temperature", "--beams", "2", "--top-k", "3")]
    [InlineData("'sometimes' not recognized", "--beams", "2", "--early-stopping", "sometimes")]
    public void Generate_BadBeamOptions_Fails(string expected, params string[] options) =>
        Fail(expected, ["generate", model, "The cat says", .. options]);

    [Fact]
    public void Generate_PromptAndFile_Fails() =>
        Fail("Give one prompt, or a file of prompts with --prompts.", "generate", model, "a prompt", "--prompts", "prompts.jsonl");

    [Fact]
    public void Generate_Adapter_IsMergedAndAMissingBaseIsNamed()
    {
        using var random = new RandomSource(2);
        var adapter = folder.File("adapter");
        using var lora = Lora.Create(Pretrained.LoadLanguageModel(model), new LoraOptions { Rank = 2 }.ToConfig(), random);
        Peft.Save(adapter, lora, "../lm");
        string[] words = ["The cat says", "--temperature", "0", "--max-new-tokens", "5"];
        Assert.Equal(Succeed(["generate", model, .. words]), Succeed(["generate", adapter, .. words]));
        Peft.Save(adapter, lora, "somebody/model");
        Fail("whose base model 'somebody/model' is not on this machine", ["generate", adapter, .. words]);
        Fail("whose base model 'somebody/model' is not on this machine", Train("sft", adapter, TinyData.Demonstrations(folder)));
    }

    [Theory]
    [InlineData("--temperature must be a number such as 0.5 (was '1,5').", "--temperature", "1,5")]
    [InlineData("`temperature` must be 0 (greedy) or from 0.001 to 1000 (", "--temperature", "1e-30")]
    [InlineData("`topP` must be from 0.000001 to 1 (", "--top-p", "1e-46")]
    [InlineData("`minNewTokens` must be at most maxNewTokens (128) (was 129).", "--min-new-tokens", "129")]
    [InlineData("`minP` must be from 0 to 1 (was 1.1).", "--min-p", "1.1")]
    [InlineData("`typicalP` must be from 0.000001 to 1 (was 0).", "--typical-p", "0")]
    [InlineData("`repetitionPenalty` must be from 0.001 to 1000 (was 0).", "--repetition-penalty", "0")]
    [InlineData("`presencePenalty` must be from -100 to 100 (was 1000000000).", "--presence-penalty", "1e9")]
    [InlineData("`noRepeatNgramSize` must be at least 0 (was -1).", "--no-repeat-ngram-size", "-1")]
    [InlineData("`samples` must be at least 1 (was 0).", "--samples", "0")]
    [InlineData("`topH` must be from 0 to 1 (was 2).", "--top-h", "2")]
    [InlineData("--suppress-tokens must be token ids", "--suppress-tokens", "3,x")]
    [InlineData("(was 99999)", "--suppress-tokens", "99999")]
    [InlineData("--sequence-bias must be TEXT=NUMBER", "--sequence-bias", "cat")]
    [InlineData("--exponential-decay-length-penalty must be START,FACTOR", "--exponential-decay-length-penalty", "1.05")]
    [InlineData("`guidanceScale` must not be 1 with a negative prompt (was 1).", "--negative-prompt", "A dog")]
    [InlineData("--output needs --prompts", "--output", "answers.jsonl")]
    [InlineData("--advantage-beta must be a number such as 0.5 (was 'much').", "--advantage-beta", "much")]
    [InlineData("the model has no Q heads; `attune ilql` trains a model with them", "--advantage-beta", "2")]
    public void Generate_BadOptions_Fails(string expected, string option, string value) =>
        Fail(expected, "generate", model, "The cat says", option, value);

    [Fact]
    public void Generate_DamagedModel_NamesTheFile()
    {
        var weights = Path.Combine(model, "model.safetensors");
        File.WriteAllBytes(weights, File.ReadAllBytes(weights)[..^100]);
        Fail("model.safetensors", "generate", model, "The cat says");
    }

    [Fact]
    public void Generate_TokenizerOfAnotherModel_Fails()
    {
        string[] texts = ["many other words that make a larger vocabulary than the model has, so that none fits"];
        BytePairTrainer.Train(texts, new() { VocabularySize = 310, MinFrequency = 1 }).Save(model);
        Fail("they do not belong together", "generate", model, "The cat says");
        Fail("they do not belong together", Train("sft", model, TinyData.Demonstrations(folder)));
    }

    [Fact]
    public void Generate_AddedTokenBeyondTheVocabulary_IsAcceptedUnlessItIsUsed()
    {
        var grown = TinyData.Tokenizer.WithSpecialTokens(pad: "<|beyond|>");
        grown.Save(model);
        Fail("they do not belong together", "generate", model, "The cat says");
        TinyData.Tokenizer.Save(model);
        File.Copy(SavedTokenizer(grown), Path.Combine(model, "tokenizer.json"), overwrite: true);
        Succeed("generate", model, "The cat says", "--max-new-tokens", "2");
    }

    string SavedTokenizer(Tokenizer tokenizer)
    {
        tokenizer.Save(folder.File("tokenizer"));
        return Path.Combine(folder.File("tokenizer"), "tokenizer.json");
    }

    [Fact]
    public void Generate_DiskFull_SaysWhatToDo()
    {
        if (!OperatingSystem.IsLinux())
            return;
        Fail("Free some disk space", "generate", model, "--prompts", TinyData.Prompts(folder), "--output", "/dev/full");
    }
}
