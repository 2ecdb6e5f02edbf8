using Attune.Data;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Reporting.Runs;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Estimation;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Recipes;

namespace Attune.Training.Tests.Runs;

/// <summary>What a run writes conversations by is saved with its model, and the same on resume.</summary>
public sealed class ConversationRunTests : IDisposable
{
    const string Line =
        """{"messages":[{"role":"user","content":"The cat says"},{"role":"assistant","content":"meow and woof"}]}""";

    readonly TinyRuns runs = new("llama");

    public void Dispose() => runs.Dispose();

    SftRecipe Recipe(string output, int steps = 6)
    {
        var data = runs.PathTo("chat.jsonl");
        File.WriteAllLines(data, Enumerable.Repeat(Line, 12));
        return (SftRecipe)runs.Recipe("sft", output, steps) with { Data = new() { Train = data } };
    }

    [Fact]
    public void Sft_MessagesWithoutATemplate_SavesChatMlAndItsSpecialTokens()
    {
        var display = new RecordingDisplay();
        var run = runs.Start("sft", Recipe("a"), display);
        Assert.Contains(
            display.Notices, notice => notice.Contains("ChatML, which is saved with the model. <|im_start|> and <|im_end|> are special"));
        var tokenizer = ModelFolder.LoadTokenizer(run.Model);
        var model = ModelFolder.LoadLanguageModel(run.Model, Device.Cpu);
        Assert.Equal(ChatTemplate.ChatMl, tokenizer.ChatTemplate);
        Assert.Equal(TinyData.Tokenizer.VocabularySize + 2, tokenizer.VocabularySize);
        Assert.Equal(tokenizer.VocabularySize, model.Backbone.VocabularySize);
        var (start, end) = (tokenizer.TokenToId("<|im_start|>")!.Value, tokenizer.TokenToId("<|im_end|>")!.Value);
        Assert.True(tokenizer.IsSpecial(start) && tokenizer.IsSpecial(end));
        Assert.Equal(end, tokenizer.EosId);
        Assert.Contains(end, model.EosIds);
        Assert.Contains(TinyData.Tokenizer.EosId!.Value, model.EosIds);
        var prompt = tokenizer.NewEncoder(model.Backbone).EncodePrompt(
            new PromptFormat(tokenizer).Apply(new Origin("prompt", 1), "The cat says"), room: 8)!;
        Assert.Equal("<|im_start|>user\nThe cat says<|im_end|>\n<|im_start|>assistant\n", prompt.Text);
        Assert.Equal(2, prompt.Tokens.Count(token => token == start));
        model.Free();
    }

    [Fact]
    public void Sft_MessagesWithoutATemplate_ResumesWithTheSameBits()
    {
        var whole = runs.Start("sft", Recipe("whole"));
        Stop("parts", Recipe("parts"), after: 3);
        Assert.Equal(TinyRuns.Weights(whole), TinyRuns.Weights(runs.Resume("parts")));
    }

    [Fact]
    public void Sft_LowRankAdapterWithoutATemplate_SavesChatMlAsText()
    {
        var (tokens, model) = (TinyData.Tokenizer.VocabularySize, runs.PathTo("long"));
        using var random = new RandomSource(1);
        ModelFolder.Save(model, Pretrained.NewLanguageModel(Shape(context: 128).ToConfig(tokens, 0, 0, 1), random), TinyData.Tokenizer);
        var recipe = Recipe("lora", steps: 1) with { Model = model, Parameters = new() { Lora = new() { Rank = 2 } } };
        var run = runs.Start("sft", recipe);
        var tokenizer = ModelFolder.LoadTokenizer(run.Model);
        Assert.Equal(ChatTemplate.ChatMl, tokenizer.ChatTemplate);
        Assert.Equal(TinyData.Tokenizer.VocabularySize, tokenizer.VocabularySize);
    }

    [Theory]
    [InlineData("reward")]
    [InlineData("dpo")]
    [InlineData("ppo")]
    [InlineData("grpo")]
    public void OtherMethods_MessagesWithoutATemplate_SaveChatMlAsTextAndReportIt(string method)
    {
        using var roomy = new TinyRuns("llama", context: 160);
        var data = roomy.PathTo("chat.jsonl");
        File.WriteAllLines(data, Enumerable.Range(0, 12).Select(row => method is "ppo" or "grpo"
            ? $$"""{"prompt":[{"role":"user","content":"The cat says {{row}}"}]}"""
            : $$"""{"prompt":[{"role":"user","content":"The cat says {{row}}"}],"chosen":"meow","rejected":"woof"}"""));
        var recipe = roomy.Recipe(method, method, steps: 1);
        recipe = recipe switch
        {
            RewardRecipe reward => reward with { Data = new() { Train = data } },
            DpoRecipe dpo => dpo with { Data = new() { Train = data } },
            OnPolicyRecipe policy => policy with { Data = new() { Train = data } },
            _ => throw new InvalidOperationException(method),
        };
        var display = new RecordingDisplay();
        var run = roomy.Start(method, recipe, display);
        Assert.Contains(
            "the model has no chat template: conversations are written as ChatML, which is saved with the model. "
                + "<|im_start|> and <|im_end|> are ordinary text and no special tokens, "
                + $"because {method} adds no embeddings to a model; responses end with <|endoftext|>. To make them special tokens, "
                + "fine-tune the whole model on conversations first, with `attune sft`",
            display.Notices);
        Assert.DoesNotContain(display.Notices, notice => notice.Contains("were rendered as ChatML", StringComparison.Ordinal));
        var tokenizer = ModelFolder.LoadTokenizer(run.Model);
        Assert.Equal(ChatTemplate.ChatMl, tokenizer.ChatTemplate);
        Assert.Equal(TinyData.Tokenizer.VocabularySize, tokenizer.VocabularySize);
        Assert.Equal(TinyData.Tokenizer.EosId, tokenizer.EosId);
    }

    [Fact]
    public void Sft_ConversationsAfterAPlainRow_GetATemplateToo()
    {
        var data = runs.PathTo("mixed.jsonl");
        File.WriteAllLines(data, [
            """{"prompt":"The cat says","completion":" meow."}""",
            """{"prompt":[{"role":"user","content":"The cat says"}],"completion":"meow"}"""]);
        var run = runs.Start("sft", Recipe("mixed", steps: 1) with { Data = new() { Train = data } });
        Assert.Equal(ChatTemplate.ChatMl, ModelFolder.LoadTokenizer(run.Model).ChatTemplate);
    }

    [Fact]
    public void Resume_TemplateThatTellsTheTime_TellsTheTimeOfTheFirstStart()
    {
        const string Clock = "{{ strftime_now('%H:%M:%S.%f') }}{% for m in messages %}{{ m.content }}{% endfor %}";
        TinyData.Tokenizer.WithChatTemplate(Clock).Save(runs.LanguageModel);
        var stopped = Stop("a", Recipe("a"), after: 3);
        var started = File.ReadAllText(stopped.Started);
        var again = new RunFolder(runs.PathTo("b"));
        CopyFolder(stopped.Path, again.Path);
        runs.Resume("a");
        runs.Resume("b");
        Assert.Equal(started, File.ReadAllText(stopped.Started));
        Assert.Equal(started, File.ReadAllText(again.Started));
        Assert.Equal(TinyRuns.Weights(stopped), TinyRuns.Weights(again));
    }

    [Fact]
    public void Policy_RowsWithoutATokenAndHoles_AreNeverSampledAndHaveNoProbability()
    {
        using var scope = TensorScope.Open();
        var config = Shape(context: 48).ToConfig(TinyData.Tokenizer.VocabularySize + 40, 0, 0, 1);
        using var random = new RandomSource(3);
        var model = Pretrained.NewLanguageModel(config, random);
        var policy = new Policy(model, TinyData.Tokenizer, new() { MaxNewTokens = 16, MinNewTokens = 16 });
        var rollouts = policy.Respond([new([5, 6], "")], random, samples: 32);
        Assert.All(rollouts.Tokens, tokens => Assert.All(tokens, token => Assert.NotNull(TinyData.Tokenizer.IdToToken(token))));
        var analysis = policy.Analyze(rollouts, withEntropy: true);
        Numeric.Close(
            Array.ConvertAll(rollouts.Logprobs.ToArray<float>(), x => (double)x), analysis.Logprobs.ToArray<float>(), "logprobs");
        var distribution = policy.Distribution(rollouts);
        Assert.All(distribution.ToArray<float>().Chunk(TinyData.Tokenizer.VocabularySize + 40), row =>
            Assert.All(row[TinyData.Tokenizer.VocabularySize..], logprob => Assert.Equal(float.NegativeInfinity, logprob)));
        Assert.All(analysis.Entropy!.ToArray<float>(), entropy => Assert.True(float.IsFinite(entropy)));
        Assert.All(
            Kl.Full(distribution, distribution).ToArray<float>(), kl => Assert.Equal(0, kl, precision: 5));
    }

    static ModelShape Shape(int context) => new() { Family = "llama", Layers = 1, Width = 32, Heads = 2, Context = context };

    RunFolder Stop(string output, IRecipe recipe, int after)
    {
        var display = new RecordingDisplay(cancelAfter: after);
        Assert.Throws<OperationCanceledException>(() => runs.Start("sft", recipe, display, display.Token));
        return new(runs.PathTo(output));
    }

    static void CopyFolder(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }
}
