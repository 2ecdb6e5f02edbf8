using Attune.Data;
using Attune.Models.Families;
using Attune.Testing;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Batches;
using Attune.Training.Recipes;

namespace Attune.Training.Tests.Algorithms;

/// <summary>Fine-tuning as a run: its options, noise on the embeddings, and packing.</summary>
public sealed class SftTests : IDisposable
{
    static readonly TokenRow[] Rows = [Row(5, 6, 7, 8), Row(9, 10), Row(11, 12, 13)];

    readonly TinyRuns runs = new();
    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> Families => ["gpt2", "llama", "bert", "t5"];

    public void Dispose()
    {
        scope.Dispose();
        runs.Dispose();
    }

    [Fact]
    public void Options_EachByItself_ChangeTheOutcome()
    {
        SftOptions[] options =
        [
            new(), new() { Loss = SftLoss.Dft }, new() { LabelSmoothing = 0.2 }, new() { NeftuneNoiseAlpha = 5 },
            new() { Packing = true }, new() { Dropout = false },
        ];
        var outcomes = options.Select((own, at) => TinyRuns.Weights(runs.Start("sft", Recipe($"{at}") with { Sft = own }))).ToList();
        Assert.Equal(options.Length, outcomes.Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public void Noise_KilledAndResumed_EndsWithTheSameBits()
    {
        var recipe = Recipe("whole") with { Sft = new() { NeftuneNoiseAlpha = 5 } };
        var whole = runs.Start("sft", recipe);
        var display = new RecordingDisplay(cancelAfter: 3);
        Assert.Throws<OperationCanceledException>(
            () => runs.Start("sft", recipe with { Run = Recipe("parts").Run }, display, display.Token));
        Assert.Equal(TinyRuns.Weights(whole), TinyRuns.Weights(runs.Resume("parts")));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void MicroBatches_WithNoiseOrPacking_GiveTheStepOfTheWholeBatch(bool noise, bool packing)
    {
        var (whole, parts) = (FirstStep("whole", 0), FirstStep("parts", 1));
        Numeric.Close(whole["loss"], parts["loss"], "loss", 1e-6, 1e-5);
        Numeric.Close(whole["grad_norm"], parts["grad_norm"], "norm of the gradient", 1e-6, 1e-4);

        IReadOnlyDictionary<string, double> FirstStep(string output, int microBatchSize) => Steps(Recipe(output, steps: 1) with
        {
            Training = new() { BatchSize = 6, MicroBatchSize = microBatchSize, Steps = 1 },
            Sft = new() { NeftuneNoiseAlpha = noise ? 5 : 0, Packing = packing, Dropout = false },
        })[0];
    }

    [Fact]
    public void Packing_OfAllRows_GivesTheLossAndGradientOfSeparateRows()
    {
        var (separate, packed) = (FirstStep("separate", packing: false), FirstStep("packed", packing: true));
        Numeric.Close(separate["loss"], packed["loss"], "loss", 1e-6, 1e-5);
        Numeric.Close(separate["grad_norm"], packed["grad_norm"], "norm of the gradient", 1e-6, 1e-4);

        IReadOnlyDictionary<string, double> FirstStep(string output, bool packing) => Steps(Recipe(output, steps: 1) with
        {
            Data = Recipe("").Data with { HeldOutShare = 0 },
            Training = new() { BatchSize = packing ? 8 : 36, Steps = 1 },
            Sft = new() { Packing = packing, Dropout = false },
        })[0];
    }

    [Fact]
    public void Packing_OfAnEncoderDecoder_IsAnError()
    {
        using var t5 = new TinyRuns("t5");
        var recipe = (SftRecipe)t5.Recipe("sft", "a") with { Sft = new() { Packing = true } };
        Assert.Contains("`sft.packing` must be false", Assert.Throws<InvalidDataException>(() => t5.Start("sft", recipe)).Message);
    }

    [Fact]
    public void Noise_OfARow_DependsOnTheSeedAndItsNumberOnly()
    {
        var (noise, other) = (new Neftune(5, seed: 1, width: 8), new Neftune(5, seed: 2, width: 8));
        var together = Noise(noise, [.. Rows.Select((row, at) => noise.Mark(row, at))]);                  // (3, 4, 8)
        for (var row = 0; row < Rows.Length; row++)
        {
            var (length, alone) = (Rows[row].Tokens.Length, Noise(noise, [noise.Mark(Rows[row], row)]));
            Assert.Equal(alone.ToArray<float>(), together.Select(0, row).Slice(0, 0, length).ToArray<float>());
            var largest = 5 / Math.Sqrt(length * 8);
            Assert.InRange(alone.ToArray<float>().Max(Math.Abs), 0.7 * largest, largest);
            Assert.Equal(0, together.Select(0, row).Slice(0, length).Abs().Sum().Item());
        }
        Assert.NotEqual(Bits(noise, 0), Bits(noise, 1));
        Assert.NotEqual(Bits(noise, 0), Bits(other, 0));
        Assert.Null(noise.AddTo(Input([noise.Mark(Rows[0], -1)]), [noise.Mark(Rows[0], -1)]).EmbeddingNoise);

        float[] Bits(Neftune drawn, long number) => Noise(drawn, [drawn.Mark(Rows[0], number)]).ToArray<float>();
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Noise_InEveryFamily_ChangesHiddenStates(string family)
    {
        using var random = new RandomSource(1);
        var shape = new ModelShape { Family = family, Layers = 1, Width = 32, Heads = 2, Context = 16 };
        var model = Attune.Models.Checkpoints.Pretrained.NewLanguageModel(shape.ToConfig(32, 0, 0, 1), random);
        var rows = Rows.Select((row, at) => (family == "t5" ? row with { Source = [3, 4, 5] } : row).WithNoise(1, at)).ToArray();
        var (plain, noisy) = (Input(rows), new Neftune(5, 1, 32).AddTo(Input(rows), rows));
        Assert.True((model.HiddenStates(noisy) - model.HiddenStates(plain)).Abs().Sum().Item() > 0.1);
        if (family == "t5")
            Assert.True(
                (model.HiddenStates(noisy) - model.HiddenStates(noisy with { Source = plain.Source })).Abs().Sum().Item() > 0.01);
    }

    IReadOnlyList<IReadOnlyDictionary<string, double>> Steps(SftRecipe recipe)
    {
        var display = new RecordingDisplay();
        runs.Start("sft", recipe, display);
        return display.Steps;
    }

    SftRecipe Recipe(string output, int steps = 6) => (SftRecipe)runs.Recipe("sft", output, steps);

    static Models.Backbones.ModelInput Input(IReadOnlyList<TokenRow> rows) => TensorBatch.From(rows, padId: 1, Device.Cpu);

    static Tensor Noise(Neftune noise, TokenRow[] rows) => noise.AddTo(Input(rows), rows).EmbeddingNoise!;

    static TokenRow Row(params int[] tokens) => new(tokens, Array.ConvertAll(tokens, _ => true));
}
