using System.Text.Json;
using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Models.Layers;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;
using Attune.Training.Optimizers;

namespace Attune.Training.Tests;

/// <summary>Short training runs of tiny checkpoints that PyTorch made: losses, norms, rates and final weights.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenTraceTests
{
    public static TheoryData<string> Traces =>
        [.. Golden.Names("training", name =>
            (name.StartsWith("sft_", StringComparison.Ordinal) || name.StartsWith("reward_", StringComparison.Ordinal)) && IsKnown(name))];

    [Theory]
    [MemberData(nameof(Traces))]
    public void TheRunIsTheSame(string name)
    {
        var trace = Golden.Json("training", $"{name}.json");
        var (hparams, expected) = (trace.GetProperty("hparams"), trace.GetProperty("expected"));
        var (model, loss) = Load(name, trace);
        model.SetTrainable(true);
        var decayed = hparams.GetProperty("decayed_parameters").EnumerateArray().Select(p => p.GetString()!)
            .ToHashSet(StringComparer.Ordinal);
        Golden.Equal(
            decayed.Order(), model.NamedParameters().Where(p => Optimizer.Decays(p.Name, p.Value)).Select(p => p.Name).Order(), "decayed");
        var rule = new Adam(hparams.GetProperty("betas")[0].GetDouble(), hparams.GetProperty("betas")[1]
            .GetDouble(), hparams.Number("eps"), decoupledDecay: true);
        var optimizer = new Optimizer(rule, model.NamedParameters(), hparams.Number("weight_decay"));
        var steps = trace.GetProperty("steps").GetInt32();
        var schedule = new LearningRateSchedule(
            new() { Kind = GoldenScheduleName(hparams.GetProperty("schedule").GetString()!), Warmup = hparams.Number("warmup") }, steps)
        {
            IsAsInTransformers = true,
        };

        var farthest = 0.0;                                       // how far Adam can move a weight whose gradients are noise: Σ rates
        var learning = new HashSet<string>(StringComparer.Ordinal);
        for (var step = 0; step < steps; step++)
        {
            using var scope = TensorScope.Open();
            optimizer.ClearGradients();
            var now = loss();
            now.Backward();
            var norm = optimizer.GradientNorm();
            var rate = hparams.Number("lr") * schedule.FactorAt(step);
            Close(expected.GetProperty("losses")[step], now.Item(), $"loss {step}");
            Close(expected.GetProperty("grad_norms_before_clipping")[step], norm, $"norm {step}");
            Close(expected.GetProperty("lrs")[step], rate, $"rate {step}");
            farthest += rate;
            learning.UnionWith(model.NamedParameters().Where(p => p.Value.Value.Grad!.Norm().Item() > 1e-6 * norm).Select(p => p.Name));
            optimizer.Step(rate, Optimizer.ClipFactor(norm, hparams.Number("max_grad_norm")));
        }
        Close(expected.GetProperty("loss_after"), loss().Item(), "loss after");
        CompareWeights(model, expected.GetProperty("final_params"), name => learning.Contains(name) ? null : new(farthest, 0));
        Golden.Ran("training: traces");
    }

    static (Module Model, Func<Tensor> Loss) Load(string name, JsonElement trace)
    {
        var folder = Golden.PathTo(trace.GetProperty("model").GetString()!);
        var inputs = trace.GetProperty("inputs");
        var input = GoldenModels.Input(inputs);
        if (name.StartsWith("reward_", StringComparison.Ordinal))
        {
            var reward = Pretrained.LoadRewardModel(folder);
            return (reward, () => PairLoss(reward.Score(input)));
        }
        var model = Pretrained.LoadLanguageModel(folder);
        var labels = GoldenModels.Longs(inputs.GetProperty("labels"));
        if (model.Backbone.Kind == BackboneKind.EncoderDecoder)
            input = new(GoldenModels.ShiftedRight(labels, model), Source: input);
        else if (model.Backbone.Kind == BackboneKind.Decoder)
            labels = labels.Slice(1, 1);
        var (targets, count) = (labels.Reshape(-1), labels.Size(1));
        return (model, () =>
        {
            var hidden = model.HiddenStates(input).Slice(1, 0, count);
            var losses = CrossEntropy.PerToken(model.Logits(hidden.Reshape(-1, hidden.Size(-1))), targets.Clamp(0, null));
            return Masked.Reduce(losses, targets.NotEqualTo(-100));
        }
        );
    }

    static Tensor PairLoss(Tensor scores)
    {
        var half = scores.Size(0) / 2;
        return Masked.Reduce(RewardModeling.PairLoss(scores.Slice(0, 0, half), scores.Slice(0, half), margin: null, centerCoef: 0));
    }

    /// <summary>
    /// A bias of keys does not change the softmax: its gradient is noise, which Adam amplifies, and which differs between programs.
    /// </summary>
    /// <param name="model">The trained model.</param>
    /// <param name="expected">Norms and first elements of its weights.</param>
    /// <param name="noise">The tolerance of weights whose gradients are noise; null for the others.</param>
    static void CompareWeights(Module model, JsonElement expected, Func<string, Tolerance?> noise)
    {
        foreach (var (name, parameter) in model.NamedParameters())
        {
            var weights = parameter.Value.ToArray<float>();
            var weight = expected.GetProperty(name);
            var norm = weight.GetProperty("norm").GetDouble();
            var tolerance = noise(name);
            Golden.Close(norm, Math.Sqrt(weights.Sum(x => (double)x * x)), name,
                tolerance is { } each ? each with { Absolute = each.Absolute * Math.Sqrt(weights.Length) } : Tolerance.Trace);
            var first = weight.GetProperty("first6").EnumerateArray().Select(GoldenTensor.Number).ToArray();
            Golden.Close(first, weights.AsSpan(0, first.Length), name, tolerance ?? Tolerance.OfTensor(norm, weights.Length));
        }
    }

    static void Close(JsonElement expected, double actual, string what) =>
        Golden.Close(expected.GetDouble(), actual, what, Tolerance.Trace);

    static ScheduleKind GoldenScheduleName(string name) => Optimizers.GoldenScheduleTests.Kind(name);

    static bool IsKnown(string trace) =>
        ModelFamily.All.Any(
            family => family.Type == Golden.Json($"{Golden.Json("training", $"{trace}.json").GetProperty("model").GetString()}",
            "config.json").GetProperty("model_type").GetString());
}
