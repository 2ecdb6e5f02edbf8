using Attune.Training.Algorithms;
using Attune.Training.Recipes;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Algorithms;

/// <summary>MiniLLM as a run: the reverse KL from the teacher falls, and options change what is learned.</summary>
public sealed class MiniLlmTests : IDisposable
{
    readonly TinyRuns runs = new();

    public void Dispose() => runs.Dispose();

    [Theory]
    [InlineData("gpt2", true, true)]
    [InlineData("gpt2", true, false)]
    [InlineData("gpt2", false, true)]
    [InlineData("t5", true, true)]
    public void ReverseKl_OfAStudent_Falls(string family, bool rklAdvantage, bool singleStep)
    {
        using var own = new TinyRuns(family);
        var display = new RecordingDisplay();
        own.Start("minillm", Recipe(own, "a", steps: 60) with
        {
            Minillm = new() { RklAdvantage = rklAdvantage, SingleStepDecomposition = singleStep },
        }, display);
        var (first, last) = (Kl(display.Steps.Take(3)), Kl(display.Steps.TakeLast(3)));
        Assert.True(last < 0.75 * first, $"the KL went from {first} to {last}");
        Assert.Matches(@"^reverse KL \S+ nats a token, healthy", display.Words[0]);
    }

    [Fact]
    public void Rewards_BesideATeacher_RaiseTheScore()
    {
        var display = new RecordingDisplay();
        var recipe = Recipe(runs, "a", steps: 40) with { Rewards = [new RegexReward { Pattern = "[aeiou]", Weight = 5 }] };
        runs.Start("minillm", recipe, display);
        var (first, last) = (Score(display.Steps.Take(3)), Score(display.Steps.TakeLast(3)));
        Assert.True(last > first + 0.2, $"the score went from {first} to {last}");
        Assert.Contains("score", display.Words[0], StringComparison.Ordinal);

        static double Score(IEnumerable<IReadOnlyDictionary<string, double>> steps) => steps.Average(step => step["objective/scores"]);
    }

    [Fact]
    public void Options_EachByItself_ChangeTheOutcome()
    {
        var (options, discounted) = (new MiniLlmOptions(), new MiniLlmOptions { Gamma = 0.9 });
        byte[][] outcomes =
        [
            Outcome("none", options),
            Outcome("advantage", options with { RklAdvantage = false }),
            Outcome("single-step", options with { SingleStepDecomposition = false }),
            Outcome("gamma", discounted),
            Outcome("length", discounted with { LengthNormalization = false }),
            Outcome("temperature", options with { KdTemperature = 2 }),
            TinyRuns.Weights(runs.Start("minillm", Recipe(runs, "clip") with { Grpo = new() { ClipHigh = 0.001, ClipLow = 0.001 } })),
            TinyRuns.Weights(runs.Start("minillm", Recipe(runs, "teacher") with { Teacher = runs.LanguageModel })),
        ];
        Assert.Equal(outcomes.Length, outcomes.Select(Convert.ToHexString).Distinct().Count());

        byte[] Outcome(string name, MiniLlmOptions changed) =>
            TinyRuns.Weights(runs.Start("minillm", Recipe(runs, name) with { Minillm = changed }));
    }

    [Fact]
    public void Recipe_ThatLearnsNothingFromTheTeacher_IsRefused() => Assert.Contains(
        "`minillm.rklAdvantage` must be true where minillm.singleStepDecomposition is false",
        Assert.Throws<InvalidDataException>(() => runs.Start("minillm", Recipe(runs, "a") with
        {
            Minillm = new() { RklAdvantage = false, SingleStepDecomposition = false },
        })).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void MicroBatches_OfAStep_GiveTheGradientOfTheWhole(int microBatchSize)
    {
        var (whole, parts) = (Step("whole", 0), Step("parts", microBatchSize));
        foreach (var metric in (string[])["loss", "kl/reverse", "grad_norm"])
            Attune.Testing.Numeric.Close(whole[metric], parts[metric], metric, 1e-6, 1e-4);

        IReadOnlyDictionary<string, double> Step(string output, int size)
        {
            var display = new RecordingDisplay();
            var recipe = Recipe(runs, output, steps: 1);
            runs.Start("minillm", recipe with
            {
                Training = recipe.Training with { MicroBatchSize = size },
                Minillm = new() { Gamma = 0.9 },
                Updates = new() { SamplesPerPrompt = 2 },
            }, display);
            return display.Steps[0];
        }
    }

    static double Kl(IEnumerable<IReadOnlyDictionary<string, double>> steps) => steps.Average(step => step["kl/reverse"]);

    static MiniLlmRecipe Recipe(TinyRuns runs, string output, int steps = 2) => (MiniLlmRecipe)runs.Recipe("minillm", output, steps) with
    {
        Optimizer = new() { LearningRate = 1e-2 },
        Updates = new() { SamplesPerPrompt = 4, Epochs = 2 },
    };
}
