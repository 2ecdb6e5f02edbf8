using Attune.Data;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Recipes;

namespace Attune.Training.Tests.Algorithms;

/// <summary>GKD as a run: what a student learns from a teacher, which teachers are refused, and what the options change.</summary>
public sealed class GkdTests : IDisposable
{
    readonly TinyRuns runs = new();

    public void Dispose() => runs.Dispose();

    [Theory]
    [InlineData("gpt2", 0)]
    [InlineData("gpt2", 1)]
    [InlineData("t5", 0.5)]
    public void Divergence_OfAStudent_Falls(string family, double lambda)
    {
        using var own = new TinyRuns(family);
        var display = new RecordingDisplay();
        own.Start("gkd", Recipe(own, "a", steps: 60) with { Gkd = new() { Lambda = lambda } }, display);
        foreach (var metric in (string[])["loss", "kl/forward", "kl/reverse"])
        {
            var (first, last) =
                (display.Steps.Take(3).Average(step => step[metric]), display.Steps.TakeLast(3).Average(step => step[metric]));
            Assert.True(last < 0.75 * first, $"{metric} went from {first} to {last}");
        }
    }

    [Fact]
    public void Student_WithTheWeightsOfItsTeacher_HasNothingToLearn()
    {
        var display = new RecordingDisplay();
        runs.Start("gkd", Recipe(runs, "a", steps: 1) with { Teacher = runs.LanguageModel }, display);
        Assert.Equal(0, display.Steps[0]["loss"], 1e-6);
        Assert.Equal(1, display.Steps[0]["agreement"], 1e-6);
    }

    [Fact]
    public void Adapter_OfAStudent_LearnsFromTheTeacher()
    {
        var display = new RecordingDisplay();
        var recipe = Recipe(runs, "a", steps: 40) with { Parameters = new() { Lora = new() { Rank = 4 } } };
        runs.Start("gkd", recipe with { Gkd = new() { Lambda = 0.5 } }, display);
        var (first, last) = (display.Steps.Take(3).Average(step => step["loss"]), display.Steps.TakeLast(3).Average(step => step["loss"]));
        Assert.True(last < first, $"the loss went from {first} to {last}");
    }

    [Fact]
    public void Options_EachByItself_ChangeTheOutcome()
    {
        var data = new GkdOptions { Lambda = 0 };
        byte[][] outcomes =
        [
            Outcome("data", data),
            Outcome("beta-0", data with { Beta = 0 }),
            Outcome("beta-1", data with { Beta = 1 }),
            Outcome("temperature", data with { Temperature = 2 }),
            Outcome("lambda", data with { Lambda = 1 }),
            Outcome("seq-kd", data with { SeqKd = true }),
            Outcome("top-k", data with { Over = DivergenceTokens.TopK, TopK = 5 }),
            Outcome("no-tail", data with { Over = DivergenceTokens.TopK, TopK = 5, Tail = false }),
            Outcome("sampled", new() { Over = DivergenceTokens.Sampled, Beta = 1, Lambda = 1 }),
            Outcome("teacher-prompt", data with { TeacherPrompt = "{completion}{prompt}" }),
            TinyRuns.Weights(runs.Start("gkd", Recipe(runs, "sampling") with
            {
                Gkd = new() { Lambda = 1 }, Sampling = new() { MaxNewTokens = 8, Temperature = 0.5 },
            })),
            TinyRuns.Weights(runs.Start("gkd", Recipe(runs, "teacher") with { Gkd = data, Teacher = runs.LanguageModel })),
        ];
        Assert.Equal(outcomes.Length, outcomes.Select(Convert.ToHexString).Distinct().Count());

        byte[] Outcome(string name, GkdOptions options) =>
            TinyRuns.Weights(runs.Start("gkd", Recipe(runs, name) with { Gkd = options }));
    }

    [Fact]
    public void TeacherPrompt_OfTheModelItself_TellsItTheDemonstration()
    {
        var display = new RecordingDisplay();
        var recipe = Recipe(runs, "a", steps: 1) with { Teacher = runs.Teacher, Model = runs.Teacher };
        runs.Start("gkd", recipe with { Gkd = new() { Lambda = 1, Beta = 0, TeacherPrompt = "{completion}{prompt}" } }, display);
        Assert.True(display.Steps[0]["loss"] > 0.01, $"the loss is {display.Steps[0]["loss"]}");
    }

    [Fact]
    public void TeacherKind_OfTheModelItself_DecidesHowTheTeacherFollows()
    {
        var itself = new GkdOptions { TeacherPrompt = "{completion}{prompt}", Beta = 0, Lambda = 0 };
        var average = itself with { TeacherKind = TeacherKind.Average };
        var (kept, live, half) = (
            Outcome("kept", itself), Outcome("live", itself with { TeacherKind = TeacherKind.Live }),
            Outcome("half", average with { SyncRate = 0.5 }));
        Assert.Equal(3, new[] { kept, live, half }.Distinct().Count());
        Assert.Equal(kept, Outcome("folder", itself, runs.Teacher));
        Assert.Equal(kept, Outcome("never", average with { SyncEvery = 100 }));
        Assert.Equal(live, Outcome("whole", average with { SyncRate = 1 }));

        string Outcome(string name, GkdOptions options, string teacher = "") => Convert.ToHexString(TinyRuns.Weights(runs.Start(
            "gkd", Recipe(runs, name) with { Model = runs.Teacher, Teacher = teacher, Gkd = options })));
    }

    [Fact]
    public void Average_OfAResumedRun_ContinuesWithTheSameBits()
    {
        var whole = TinyRuns.Weights(runs.Start("gkd", Averaged("whole")));
        var display = new RecordingDisplay(cancelAfter: 3);
        Assert.Throws<OperationCanceledException>(() => runs.Start("gkd", Averaged("half"), display, display.Token));
        Assert.Equal(whole, TinyRuns.Weights(runs.Resume("half")));

        GkdRecipe Averaged(string name) => Recipe(runs, name, steps: 6) with
        {
            Teacher = "", Gkd = new() { TeacherPrompt = "{completion}{prompt}", TeacherKind = TeacherKind.Average, SyncRate = 0.5 },
        };
    }

    [Fact]
    public void TeacherItself_WithAnAdapter_SamplesWithTheAdapterOff()
    {
        using var scope = TensorScope.Open();
        using var random = new RandomSource(1);
        var model = Pretrained.LoadLanguageModel(runs.Teacher);
        var policy = new Policy(model, TinyData.Tokenizer, new() { MaxNewTokens = 8 });
        TokenPrompt[] prompts = [new(TinyData.Tokenizer.Encode("The cat says"), "")];
        var before = Sampled(policy);
        var trained = TrainedParameters.Select(model, new() { Lora = new() { Rank = 2 } }, seed: 1);
        using (Autograd.NoGrad())
            foreach (var (_, parameter) in trained.Named)
                parameter.Value.NormalInPlace(0, 1, random);
        Assert.NotEqual(before, Sampled(policy));
        Assert.Equal(before, Sampled(policy.WithAdapterOff()));

        string Sampled(Policy own)
        {
            using var source = new RandomSource(4);
            return string.Join(' ', own.Respond(prompts, source).Tokens[0]);
        }
    }

    [Fact]
    public void TeacherPrompt_OfAConversation_IsRefusedWithTheLine()
    {
        using var own = new TinyRuns(context: 200);
        var data = own.PathTo("chat.jsonl");
        const string chat = """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}""";
        File.WriteAllLines(data, [chat, chat]);
        var recipe = Recipe(own, "a") with { Gkd = new() { TeacherPrompt = "{completion}{prompt}" }, Data = new() { Train = data } };
        var error = Assert.Throws<InvalidDataException>(() => own.Start("gkd", recipe));
        Assert.Contains("chat.jsonl, line 1: `gkd.teacherPrompt` needs `prompt` and `completion`", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_ThatDoNotFit_AreRefused()
    {
        Assert.Contains("`gkd.over` must be all or topK", Refused(new() { Over = DivergenceTokens.Sampled }), StringComparison.Ordinal);
        const string prompt = "{completion}{prompt}";
        Assert.Contains(
            "`teacher` must be empty unless gkd.teacherKind is fixed",
            Refused(new() { TeacherKind = TeacherKind.Live, TeacherPrompt = prompt }), StringComparison.Ordinal);
        AssertRefused(Recipe(runs, "a") with { Teacher = "" }, "`teacher` must name a folder with a language model; or");
        AssertRefused(
            Recipe(runs, "a") with
            {
                Teacher = "", Parameters = new() { Lora = new() { Rank = 2 } },
                Gkd = new() { TeacherKind = TeacherKind.Average, TeacherPrompt = prompt },
            }, "`gkd.teacherKind` must be fixed or live with an adapter");
        Assert.Contains(
            "`gkd.teacherPrompt` must contain {completion}", Refused(new() { TeacherPrompt = "{prompt}" }), StringComparison.Ordinal);

        void AssertRefused(GkdRecipe recipe, string message) => Assert.Contains(
            message, Assert.Throws<InvalidDataException>(() => runs.Start("gkd", recipe)).Message, StringComparison.Ordinal);

        string Refused(GkdOptions options) =>
            Assert.Throws<InvalidDataException>(() => runs.Start("gkd", Recipe(runs, "a") with { Gkd = options })).Message;
    }

    [Fact]
    public void Lambda_BetweenZeroAndOne_MixesSteps()
    {
        var display = new RecordingDisplay();
        runs.Start("gkd", Recipe(runs, "a", steps: 20), display);
        Assert.InRange(display.Steps.Average(step => step["gkd/on_policy"]), 0.2, 0.8);
    }

    [Theory]
    [InlineData("gkd")]
    [InlineData("minillm")]
    public void Teacher_WithOtherTokens_IsRefused(string method)
    {
        var other = runs.PathTo("other");
        using var random = new RandomSource(1);
        ModelFolder.Save(other, Pretrained.NewLanguageModel(Shape("gpt2").ToConfig(60, 0, 0, 0), random), TinyData.WordPieces);
        var error = Assert.Throws<InvalidDataException>(() => runs.Start(method, WithTeacher(method, other)));
        Assert.StartsWith("`teacher` must have the tokens of the model that is trained", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Teacher_OfAnotherKindOrWithAShorterContext_IsRefused()
    {
        using var random = new RandomSource(1);
        Save("t5", Shape("t5"));
        Save("short", Shape("gpt2") with { Context = 20 });
        AssertRefused("t5", "`teacher` must be of the kind of the model that is trained, Decoder (was ");
        AssertRefused("short", "`teacher` must have a context of at least 48 tokens");

        void Save(string name, ModelShape shape) => ModelFolder.Save(
            runs.PathTo(name),
            Pretrained.NewLanguageModel(shape.ToConfig(TinyData.Tokenizer.VocabularySize, 0, 0, 0), random), TinyData.Tokenizer);

        void AssertRefused(string name, string message) => Assert.StartsWith(
            message, Assert.Throws<InvalidDataException>(() => runs.Start("gkd", WithTeacher("gkd", runs.PathTo(name)))).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gkd")]
    [InlineData("minillm")]
    public void Teacher_WithAPaddedOutputMatrix_IsComparedOnTheTokensThatBothHave(string method)
    {
        var padded = runs.PathTo("padded");
        using var random = new RandomSource(1);
        var config = Shape("llama").ToConfig(TinyData.Tokenizer.VocabularySize + 20, 0, 0, 0);
        ModelFolder.Save(padded, Pretrained.NewLanguageModel(config, random), TinyData.Tokenizer);
        var display = new RecordingDisplay();
        runs.Start(method, WithTeacher(method, padded), display);
        Assert.All(display.Steps, step => Assert.True(double.IsFinite(step["loss"])));
    }

    IRecipe WithTeacher(string method, string teacher) => runs.Recipe(method, "a", steps: 2) switch
    {
        GkdRecipe gkd => gkd with { Teacher = teacher },
        MiniLlmRecipe minillm => minillm with { Teacher = teacher },
        var other => other,
    };

    static ModelShape Shape(string family) => new() { Family = family, Layers = 1, Width = 32, Heads = 2, Context = 48 };

    static GkdRecipe Recipe(TinyRuns runs, string output, int steps = 3)
    {
        var recipe = (GkdRecipe)runs.Recipe("gkd", output, steps);
        return recipe with { Optimizer = recipe.Optimizer with { LearningRate = 1e-2 } };
    }
}
