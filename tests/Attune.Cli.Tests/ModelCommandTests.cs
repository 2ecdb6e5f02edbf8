using System.Text.Json.Nodes;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Models.Heads;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Parameters;
using static Attune.Cli.Tests.Commands;

namespace Attune.Cli.Tests;

/// <summary>`attune models show`, `score`, `evaluate policy` and `evaluate responses` with model folders, whole and damaged.</summary>
public sealed class ModelCommandTests : ModelFolderTests
{
    [Fact]
    public void ModelsShow_PrintsSizesTokensAndTemplate()
    {
        var shown = Succeed("models", "show", model);
        Assert.Contains("llama (LlamaForCausalLM), a decoder", shown);
        Assert.Contains("float32: ", shown);
        Assert.Contains("context of 48 tokens", shown);
        Assert.Contains($"vocabulary {TinyData.Tokenizer.VocabularySize} tokens", shown);
        Assert.Contains($"eos {TinyData.Tokenizer.IdToToken(TinyData.Tokenizer.EosId!.Value)} ({TinyData.Tokenizer.EosId})", shown);
        Assert.Contains("template   none", shown);
        Assert.Contains("LlamaForSequenceClassification", Succeed("models", "show", rewardModel));
        Assert.Contains("LoRA, 896 parameters", Succeed("models", "show", Golden.PathTo("lora", "llama-lora")));
        Fail("lacks model.norm.weight", "models", "show", WithoutItsNorm());
    }

    [Theory]
    [InlineData("""[1]""", "'attune_heads' must be an object")]
    [InlineData("""{"q":null}""", "config.json: attune_heads: 'q' must be an object (was null)")]
    [InlineData("""{"q":{"outputs":3}}""", "attune_heads: q: 'kind' is missing")]
    [InlineData("""{"q":{"kind":"rnn"}}""", "attune_heads: q: heads of kind 'rnn' are not supported; supported kinds are value and mlp")]
    [InlineData("""{"q":{"kind":"mlp","outputs":0}}""", "attune_heads: q: 'outputs' must be at least 1")]
    [InlineData("""{"q":{"kind":"mlp","outputs":4}}""", "'q.2.weight' has shape [3, 64], but config.json requires [4, 64]")]
    [InlineData("""{"q":{"kind":"mlp","outputs":3},"r":{"kind":"value"}}""", "lacks r.summary.weight, r.summary.bias")]
    [InlineData("""{"":{"kind":"value"}}""", "the name of a head must consist of letters")]
    [InlineData("""{"model":{"kind":"value"}}""", "a head cannot be named 'model': the model already has parameters of that name")]
    [InlineData("""{"v_head":{"kind":"mlp","outputs":1}}""", "the head 'v_head' must be a value head")]
    public void ModelsShow_DamagedHeads_IsRefused(string heads, string expected)
    {
        var (copy, language) = (folder.File("heads"), Pretrained.LoadLanguageModel(model));
        using var random = new RandomSource(1);
        language.AddHead("q", new MlpHead(language.Backbone.Width, 3)).Initialize(random);
        ModelFolder.Save(copy, language, TinyData.Tokenizer);
        Assert.Contains("a decoder, with the heads q\n", Succeed("models", "show", copy));
        var config = Pretrained.ReadConfig(copy);
        config["attune_heads"] = JsonNode.Parse(heads);
        File.WriteAllText(Path.Combine(copy, "config.json"), config.ToJsonString());
        Fail(expected, "models", "show", copy);
    }

    [Fact]
    public void ExportGguf_WritesAFileAndRefusesWhatItCannotWrite()
    {
        var path = folder.File("lm.gguf");
        Assert.Matches(@"lm\.gguf: [\d,]+ parameters, q8_0, [\d.]+ MiB\. To run it: llama-cli -m .*lm\.gguf",
            Succeed("export", "gguf", model, path, "--type", "q8_0"));
        Assert.Equal("GGUF"u8, File.ReadAllBytes(path).AsSpan(0, 4));
        Fail("--type must be one of f32, f16, bf16, q8_0 (was 'q4')", "export", "gguf", model, path, "--type", "q4");
        Fail("is a folder; name a file, such as", "export", "gguf", model, folder.Path);
        Fail("holds a reward model; name a language model", "export", "gguf", rewardModel, path);
        Fail("there is no folder nothing", "export", "gguf", "nothing", path);
    }

    /// <summary>A copy of the model whose file lacks a tensor.</summary>
    string WithoutItsNorm()
    {
        var copy = folder.File("no-norm");
        Pretrained.Save(copy, Pretrained.LoadLanguageModel(model));
        var path = Path.Combine(copy, "model.safetensors");
        (string, Tensor)[] kept;
        using (var file = Safetensors.Open(path))
            kept = [.. file.Header.Entries.Keys.Where(name => name != "model.norm.weight").Select(name => (name, file.Read(name)))];
        Safetensors.Write(path, kept);
        return copy;
    }

    [Fact]
    public void Encoder_ScoresTextsAndIsRefusedByGenerate()
    {
        var (encoder, judge) = (folder.File("encoder"), folder.File("judge"));
        using var random = new RandomSource(1);
        var tokenizer = TinyData.WordPieces;
        var shape = new ModelShape { Family = "bert", Layers = 1, Width = 32, Heads = 2, Context = 48 };
        var config = shape.ToConfig(tokenizer.VocabularySize, null, null, tokenizer.PadId);
        ModelFolder.Save(encoder, Pretrained.NewLanguageModel(config, random), tokenizer);
        ModelFolder.Save(judge, Pretrained.NewRewardModel(config, random), tokenizer);
        Assert.Equal(36, Succeed("score", judge, TinyData.Rankings(folder)).TrimEnd('\n').Split('\n').Length);
        Fail("holds an encoder (bert), which cannot generate text", "generate", encoder, "The cat says");
    }

    [Fact]
    public void Score_PrintsTheAccuracyOfItsScores()
    {
        var output = folder.File("scores.jsonl");
        var (code, _, error) = Commands.Run("score", rewardModel, TinyData.Rankings(folder), "--output", output);
        Assert.True(code == 0, error);
        var correct = 0.0;
        var lines = File.ReadAllLines(output).Select(line => JsonNode.Parse(line)!).ToList();
        foreach (var scores in lines.Select(line => line["scores"]!.AsArray().Select(score => score!.GetValue<double>()).ToArray()))
        {
            correct += Convert.ToInt32(scores[0] > scores[1]);
            correct += Convert.ToInt32(scores[0] > scores[2]);
            correct += Convert.ToInt32(scores[1] > scores[2]);
        }
        Assert.Equal(36, lines.Count);
        var accuracy = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{100 * correct / 108:F1} %");
        Assert.Equal($"108 responses scored; accuracy {accuracy} on 108 pairs\n", error);
    }

    [Fact]
    public void EvaluatePolicy_Model_WritesBestOfNAsTableJsonAndPage()
    {
        var (json, page) = (folder.File("best.json"), folder.File("best.html"));
        var output = Succeed(
            "evaluate", "policy", model, "--prompts", TinyData.Prompts(folder), "--most", "6", "--reward", rewardModel,
            "--gold-reward", "length", "--best-of", "8", "--max-new-tokens", "6", "--output", json, "--report", page);
        Assert.Contains("Best of n", output, StringComparison.Ordinal);
        var points = JsonNode.Parse(File.ReadAllText(json))!["bestOfN"]!["points"]!.AsArray();
        Assert.Equal([1, 2, 4, 8], points.Select(point => (int)point!["n"]!));
        Assert.Equal(Math.Log(8) - 7 / 8.0, (double)points[3]!["kl"]!, 9);
        var scores = points.Select(point => (double)point!["score"]!).ToList();
        Assert.Equal(scores.Order(), scores);                    // the expected score of the best of n grows with n
        Assert.InRange((double)points[0]!["gold"]!, 0, 6);
        Assert.Contains("Score and gold reward against √KL, best of n", File.ReadAllText(page), StringComparison.Ordinal);
    }

    [Fact]
    public void EvaluatePolicy_Run_ReadsItsHeldOutPromptsAsTheRunDid()
    {
        var asked = folder.Write("asked.jsonl", string.Concat(
            Enumerable.Range(0, 6).Select(i => $$"""{"question":"The cat says {{i}}","system":"x","id":{{i}}}""" + "\n")));
        var run = folder.File("ppo");
        Succeed("ppo", $"model={model}", "rewards=[{kind: length}]", $"data.train={asked}", $"data.heldOut={asked}",
            "data.columns={prompt: question}", "data.ignore=[system]", "training.steps=1", "training.batchSize=4",
            "sampling.maxNewTokens=4", $"run.output={run}", "run.device=cpu");
        var (code, _, error) = Commands.Run("evaluate", "policy", run, "--best-of", "2");
        Assert.True(code == 0, error);
        Assert.Contains($"{asked}: evaluate policy does not use `id`", error);
        string[] evaluate = ["evaluate", "policy", run, "--best-of", "2", "--prompts", asked, "--columns", "prompt=question"];
        Fail("line 1: evaluate policy would not use `system`", evaluate);
        Succeed([.. evaluate, "--ignore", "system"]);
    }

    [Fact]
    public void EvaluateResponses_TwoModels_ComparesThemAsTableJsonAndPage()
    {
        var prompts = folder.Write("referenced.jsonl", string.Concat(Enumerable.Range(0, 12).Select(i =>
            $$"""{"prompt":"The cat says {{i}}","references":["meow {{i}}","woof"]}""" + "\n")));
        var (json, page) = (folder.File("metrics.json"), folder.File("metrics.html"));
        string[] evaluate = ["evaluate", "responses", model, model, "--prompts", prompts, "--max-new-tokens", "6"];
        var output = Succeed([.. evaluate, "--reward", rewardModel, "--output", json, "--report", page]);
        Assert.Contains("95 % interval", output, StringComparison.Ordinal);
        var metrics = JsonNode.Parse(File.ReadAllText(json))!["metrics"]!.AsObject();
        Assert.All(
            (string[])["rouge1", "rouge2", "rougeL", "rougeLsum", "bleu", "chrf", "chrf++", "ter", "meteor", "cider", "distinct-1"],
            name => Assert.True(metrics.ContainsKey(name), name));
        Assert.Equal(0.5, (double)metrics["win rate"]![1]!["value"]!);
        Assert.InRange((double)metrics["length"]![0]!["value"]!, 1, 6);
        Assert.Equal(0, (double)metrics["score"]![1]!["difference"]!);               // the same model, seed and prompts
        Assert.Contains("Metrics of responses", File.ReadAllText(page), StringComparison.Ordinal);

        var chosen = JsonNode.Parse(Succeed([.. evaluate, "--metrics", "ROUGEL,bleu", "--most", "3", "--json"]))!;
        Assert.Equal(3, (int)chosen["prompts"]!);
        Assert.Equal(["rougeL", "bleu"], chosen["metrics"]!.AsObject().Select(metric => metric.Key));
        Fail("--metrics must be some of rouge1, rouge2,", [.. evaluate, "--metrics", "rouge3"]);
        Fail("line 1: 'summary' must be present (was nothing)", [.. evaluate, "--references", "summary"]);
    }

    [Fact]
    public void EvaluateResponses_Judge_GivesTheWinRateOfTwoModels()
    {
        string[] words = ["--prompts", TinyData.Prompts(folder), "--most", "4", "--max-new-tokens", "4", "--json", "--reward"];
        const string Judge = "{kind: process, command: 'false', compare: true}";
        var metrics = JsonNode.Parse(Succeed(["evaluate", "responses", model, model, .. words, Judge]))!["metrics"]!;
        Assert.Equal(0.5, (double)metrics["win rate"]![1]!["value"]!);                // equal responses: a tie without a request
        Assert.Null(metrics["score"]);
        Fail("there must be two models or more", ["evaluate", "responses", model, .. words, Judge]);
        Fail("--reward must be one judge", ["evaluate", "responses", model, model, .. words, $"[{Judge}, {{kind: length}}]"]);
    }

    [Fact]
    public void EvaluateResponses_PromptsWithoutReferences_MeasuresLengthAndDiversity()
    {
        var output = Succeed("evaluate", "responses", model, "--prompts", TinyData.Prompts(folder), "--most", "4", "--max-new-tokens", "4");
        Assert.Contains("length", output, StringComparison.Ordinal);
        Assert.DoesNotContain("rouge1", output, StringComparison.Ordinal);
    }

    [Fact]
    public void EvaluateResponses_ModelsAsMetrics_AreMeasured()
    {
        var prompts = folder.Write("tables.jsonl", string.Concat(Enumerable.Range(0, 6).Select(i =>
            $$"""{"prompt":"The cat says {{i}}","references":"meow {{i}}","table":{"sound":"meow","number":{{i}} } }""" + "\n")));
        var encoder = TinyClassifier.Write(folder.File("encoder"), ("bad", 1), ("good", -1));
        var classifier = $"{{kind: classifier, name: mood, model: {encoder}, labels: [good]}}";
        string[] evaluate = ["evaluate", "responses", model, "--prompts", prompts, "--max-new-tokens", "6", "--json"];
        var metrics = JsonNode.Parse(Succeed(
            [.. evaluate, "--bert-score", encoder, "--perplexity", model, "--reward", $"[{classifier}, {{kind: dates, weight: 0}}]"]))!
            ["metrics"]!.AsObject();
        Assert.All(
            (string[])
            ["parent", "bertScore precision", "bertScore recall", "bertScore F1", "score", "rewards/mood", "rewards/dates", "ended"],
            name => Assert.InRange((double)metrics[name]![0]!["value"]!, -1, 1));
        Assert.Equal((double)metrics["score"]![0]!["value"]!, (double)metrics["rewards/mood"]![0]!["value"]!, 1e-12);
        Assert.InRange((double)metrics["perplexity"]![0]!["value"]!, 50, 1000);              // random weights, some 300 tokens
        Fail("'rewards.0.kind' must be one of model, classifier,", [.. evaluate, "--reward", "{kind: clasifier}"]);
        Fail("`rewards.0.labels` must name labels", [.. evaluate, "--reward", $"{{kind: classifier, model: {encoder}}}"]);
        Fail("`rewards.0.model` must be an existing folder", [.. evaluate, "--reward", "{kind: bertScore, model: nowhere}"]);
        Fail("which is not an encoder", [.. evaluate, "--bert-score", model]);
        Fail("line 1: 'facts' must be present (was nothing)", [.. evaluate, "--table", "facts"]);
    }

    [Fact]
    public void EvaluatePolicy_MissingOrUnknownReward_Fails()
    {
        string[] evaluate = ["evaluate", "policy", model, "--prompts", TinyData.Prompts(folder)];
        Fail("--reward must name a reward model's folder", evaluate);
        foreach (var option in new[] { "--gold-reward", "--gold" })
            Fail("'gost' is neither a reward model's folder nor one of", [.. evaluate, "--reward", rewardModel, option, "gost"]);
        Fail("--prompts must name a file of prompts.", "evaluate", "policy", model, "--reward", rewardModel);
    }

    [Fact]
    public void Score_LanguageModel_Fails() => Fail("no reward head", "score", model, TinyData.Rankings(folder));

    [Fact]
    public void Output_IsTheInput_FailsAndKeepsTheFile()
    {
        var rankings = TinyData.Rankings(folder);
        var before = File.ReadAllText(rankings);
        Fail("--output must name a file other than the input", "score", rewardModel, rankings, "--output", rankings);
        Fail("--output must name a file other than the input", "generate", model, "--prompts", rankings, "--output", rankings);
        Assert.Equal(before, File.ReadAllText(rankings));
    }

    [Fact]
    public void Score_DamagedInput_KeepsTheOldOutput()
    {
        var output = folder.Write("scores.jsonl", "old\n");
        Fail("line 2", "score", rewardModel, folder.Write("damaged.jsonl", "{\"text\":\"a\"}\n{\"text\":"), "--output", output);
        Assert.Equal("old\n", File.ReadAllText(output));
    }

    [Fact]
    public void Score_WeightsThatAreNotFinite_Fails()
    {
        using var scope = TensorScope.Open();
        var damaged = Pretrained.LoadRewardModel(rewardModel);
        using (Autograd.NoGrad())
            damaged.Backbone.TokenEmbedding.Value.FillInPlace(double.NaN);
        Pretrained.Save(rewardModel, damaged);
        Fail("not finite numbers", "score", rewardModel, TinyData.Rankings(folder));
        Fail("not finite numbers", [.. Train("ppo", model, TinyData.Prompts(folder)), $"rewardModel={rewardModel}"]);
    }
}
