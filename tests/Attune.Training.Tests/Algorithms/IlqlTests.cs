using Attune.Data;
using Attune.Generation;
using Attune.Models.Checkpoints;
using Attune.Models.Heads;
using Attune.Reporting.Runs;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Recipes;

namespace Attune.Training.Tests.Algorithms;

/// <summary>ILQL as a run: what it learns, what it saves, and how its model generates.</summary>
public sealed class IlqlTests : IDisposable
{
    readonly TinyRuns runs = new();

    public void Dispose() => runs.Dispose();

    [Theory]
    [InlineData("gpt2")]
    [InlineData("t5")]
    public void Train_HalfOfTheResponsesRewarded_LargeBetaGeneratesThem(string family)
    {
        using var own = new TinyRuns(family);
        var recipe = (IlqlRecipe)own.Recipe("ilql", "a", steps: 120);
        var run = own.Start("ilql", recipe with
        {
            Optimizer = recipe.Optimizer with { LearningRate = 5e-3 },
            Run = recipe.Run with { EvaluateEvery = 120 },
            Ilql = recipe.Ilql with { Betas = [0, 20] },
        });
        var scores = RunRecord.Read(run).Metrics.Where(metric => metric.Name.StartsWith("eval/score", StringComparison.Ordinal))
            .ToDictionary(metric => metric.Name, metric => metric.Points[^1].Y, StringComparer.Ordinal);
        Assert.True(scores["eval/score@beta=20"] == 1, $"the score at β = 20 is {scores["eval/score@beta=20"]}");
        Assert.True(scores["eval/score@beta=0"] < 1, $"the score at β = 0 is {scores["eval/score@beta=0"]}");
    }

    [Fact]
    public void Train_EveryOption_ChangesTheModel()
    {
        IlqlOptions plain = new() { SyncEvery = 2, Alpha = 0.1 };
        (string Name, IlqlOptions Options)[] variants =
        [
            ("none", plain), ("tau", plain with { Tau = 0.9 }), ("gamma", plain with { Gamma = 0.5 }),
            ("cql", plain with { CqlScale = 1 }), ("awac", plain with { AwacScale = 0.1 }), ("beta", plain with { Beta = 2 }),
            ("alpha", plain with { Alpha = 0.5 }), ("sync", plain with { SyncEvery = 1 }), ("one", plain with { TwoQs = false }),
            ("rewards", plain with { NormalizeRewards = false }),
        ];
        var outcomes = variants.Select(variant => Outcome(Recipe(variant.Name) with { Ilql = variant.Options })).ToList();
        Assert.Equal(variants.Length, outcomes.Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public void Train_RewardsOnAnotherScale_GiveTheSameLosses()
    {
        var (plain, scaled) = (new RecordingDisplay(), new RecordingDisplay());
        runs.Start("ilql", Recipe("plain"), plain);
        File.WriteAllText(runs.PathTo("scaled.jsonl"), File.ReadAllText(Recipe("plain").Data.Train)
            .Replace("\"reward\":1", "\"reward\":15", StringComparison.Ordinal)
            .Replace("\"reward\":0", "\"reward\":-5", StringComparison.Ordinal));
        runs.Start("ilql", Recipe("scaled") with { Data = new() { Train = runs.PathTo("scaled.jsonl") } }, scaled);
        for (var step = 0; step < plain.Steps.Count; step++)
            Numeric.Close(plain.Steps[step]["loss"], scaled.Steps[step]["loss"], "loss", 1e-5, 1e-4);
    }

    [Fact]
    public void Target_MovesAtSynchronisationsOnly()
    {
        var run = runs.Start("ilql", Recipe("a", steps: 3) with { Ilql = new() { SyncEvery = 100 } });
        var heads = IlqlHeads.Of(Pretrained.LoadLanguageModel(run.Model))!;
        var (q, target) = (Weights(heads.Q[0]), Weights(heads.TargetQ[0]));
        Assert.NotEqual(q, target);
        var synced = runs.Start("ilql", Recipe("b", steps: 3) with { Ilql = new() { SyncEvery = 1, Alpha = 1 } });
        heads = IlqlHeads.Of(Pretrained.LoadLanguageModel(synced.Model))!;
        Assert.Equal(Weights(heads.Q[1]), Weights(heads.TargetQ[1]));
        var trained = TrainedParameters.Select(Pretrained.LoadLanguageModel(run.Model), new(), seed: 1);
        Assert.DoesNotContain(trained.Named, parameter => parameter.Name.Contains("target", StringComparison.Ordinal));
        Assert.Contains(trained.Named, parameter => parameter.Name == "ilql_heads.q_heads.1.2.weight");

        static float[] Weights(MlpHead head)
        {
            using var scope = TensorScope.Open();
            return [.. head.Parameters.SelectMany(parameter => parameter.Value.ToArray<float>())];
        }
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public void Load_TrainedModel_GeneratesWithTheBetaItWasSavedWith(bool isAdapter, bool merge)
    {
        var recipe = Recipe("a") with { Ilql = new() { AdvantageBeta = 30, TopK = 3 } };
        if (isAdapter)
            recipe = recipe with { Parameters = new() { Lora = new() { Rank = 2, Merge = merge } } };
        var model = ModelFolder.LoadLanguageModel(runs.Start("ilql", recipe).Model, Device.Cpu);
        Assert.Equal(new AdvantageShift(30, 3), model.Advantage);
        Assert.Equal(Sampled(new()), Sampled(new() { AdvantageBeta = 30, TopK = 3 }));
        Assert.NotEqual(Sampled(new()), Sampled(new() { AdvantageBeta = 0 }));
        IlqlHeads.RemoveFrom(model);
        Assert.Equal(Sampled(new()), Sampled(new() { AdvantageBeta = 0 }));
        var error = Assert.Throws<InvalidDataException>(() => Sampled(new() { AdvantageBeta = 1 }));
        Assert.Contains("the model has no Q heads", error.Message);

        string Sampled(SamplingOptions sampling)
        {
            var policy = new Policy(model, TinyData.Tokenizer, sampling with { MaxNewTokens = 8 });
            TokenPrompt[] prompts = [new(TinyData.Tokenizer.Encode("The cat says"), ""), new(TinyData.Tokenizer.Encode("The dog"), "")];
            return string.Join('|', policy.Sample(prompts, seed: 4).Select(response => string.Join(' ', response.Tokens)));
        }
    }

    [Fact]
    public void Policy_WithAdvantage_GivesSampledResponsesTheProbabilitiesThatTheyWereSampledWith()
    {
        var model = ModelFolder.LoadLanguageModel(runs.Start("ilql", Recipe("a")).Model, Device.Cpu);
        using var scope = TensorScope.Open();
        using var noGrad = Autograd.NoGrad();
        using var random = new RandomSource(3);
        var policy = new Policy(model, TinyData.Tokenizer, new() { MaxNewTokens = 8, AdvantageBeta = 3 });
        var rollouts = policy.Respond([new(TinyData.Tokenizer.Encode("The cat says"), "")], random, samples: 6);
        var ratios = ((policy.Analyze(rollouts).Logprobs - rollouts.Logprobs).MaskedFill(!rollouts.Mask, 0).Exp() - 1).Abs();
        Assert.InRange(ratios.Reshape(-1).Max(0).Item(), 0, 1e-4);
    }

    [Fact]
    public void AnotherMethod_OnAModelOfIlql_LeavesItsHeadsOut()
    {
        var trained = runs.Start("ilql", Recipe("a"));
        var display = new RecordingDisplay();
        var sft = runs.Start("sft", (SftRecipe)runs.Recipe("sft", "b", steps: 1) with { Model = trained.Model }, display);
        Assert.Contains(display.Notices, notice => notice.Contains("the heads of ILQL", StringComparison.Ordinal));
        var model = Pretrained.LoadLanguageModel(sft.Model);
        Assert.Empty(model.Heads);
        Assert.Null(model.Advantage);
    }

    [Fact]
    public void TrainingFurther_KeepsTheHeads()
    {
        var first = runs.Start("ilql", Recipe("a"));
        var second = runs.Start("ilql", Recipe("b", steps: 1) with { Model = first.Model, Optimizer = new() { LearningRate = 1e-12 } });
        var (before, after) = (Values(first), Values(second));
        Numeric.Close(before, after, "values", 1e-4, 1e-3);

        static double[] Values(RunFolder run)
        {
            using var scope = TensorScope.Open();
            return [.. IlqlHeads.Of(Pretrained.LoadLanguageModel(run.Model))!.Value.Parameters
                .SelectMany(parameter => parameter.Value.ToArray<float>()).Select(weight => (double)weight)];
        }
    }

    [Fact]
    public void BFloat16_MicroBatches_GiveTheStepOfTheWholeBatch()
    {
        var (whole, parts) = (Gradients("whole", 0), Gradients("parts", 1));
        Numeric.Close(whole["loss"], parts["loss"], "loss", 1e-3, 1e-2);
        Numeric.Close(whole["grad_norm"], parts["grad_norm"], "norm of the gradient", 1e-3, 5e-2);

        IReadOnlyDictionary<string, double> Gradients(string output, int microBatchSize)
        {
            var (recipe, display) = (Recipe(output, steps: 1), new RecordingDisplay());
            runs.Start("ilql", recipe with
            {
                Run = recipe.Run with { Dtype = "bfloat16" },
                Training = recipe.Training with { BatchSize = 6, MicroBatchSize = microBatchSize },
            }, display);
            return display.Steps[0];
        }
    }

    [Fact]
    public void Statistics_OfMicroBatches_AreThoseOfTheWholeBatch()
    {
        var (whole, parts) = (Logged(0), Logged(1));
        string[] names = [.. whole.Keys.Where(name => name.Split('/') is [.., "mean" or "std" or "min" or "max"])];
        Assert.Equal(4 * 5, names.Length);
        foreach (var name in names)
            Numeric.Close(whole[name], parts[name], name, 1e-5, 1e-4);
        Assert.True(whole["values/min"] < whole["values/mean"] && whole["values/mean"] < whole["values/max"]);

        IReadOnlyDictionary<string, double> Logged(int microBatchSize)
        {
            var (recipe, display) = (Recipe($"of-{microBatchSize}", steps: 1), new RecordingDisplay());
            runs.Start("ilql", recipe with { Training = recipe.Training with { BatchSize = 6, MicroBatchSize = microBatchSize } }, display);
            return display.Steps[0];
        }
    }

    [Fact]
    public void Comparisons_OfEveryResponse_AreRewards()
    {
        var display = new RecordingDisplay();
        var recipe = Recipe("a", steps: 2);
        var rankings = ((DpoRecipe)runs.Recipe("dpo", "never")).Data.Train;
        runs.Start("ilql", recipe with { Data = new() { Train = rankings } }, display);
        Assert.Equal(2, display.Steps.Count);
        Assert.All(display.Steps, step => Assert.True(double.IsFinite(step["loss/q"])));
    }

    IlqlRecipe Recipe(string output, int steps = 3)
    {
        var recipe = (IlqlRecipe)runs.Recipe("ilql", output, steps);
        return recipe with { Optimizer = recipe.Optimizer with { LearningRate = 3e-3 } };
    }

    byte[] Outcome(IlqlRecipe recipe) => TinyRuns.Weights(runs.Start("ilql", recipe));
}
