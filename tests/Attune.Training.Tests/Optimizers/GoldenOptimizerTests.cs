using System.Text.Json;
using Attune.Models.Layers;
using Attune.Testing;
using Attune.Torch;
using Attune.Training.Optimizers;

namespace Attune.Training.Tests.Optimizers;

/// <summary>Optimizers of torch.optim and transformers, step by step.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenOptimizerTests
{
    static readonly JsonElement File = Golden.Json("optim", "optimizers.json");

    public static TheoryData<string> Cases =>
        [.. File.GetProperty("cases").EnumerateArray().Select(item => item.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void ParametersAndStateAgree(string name)
    {
        var item = File.GetProperty("cases").EnumerateArray().First(c => c.GetProperty("name").GetString() == name);
        var hparams = item.GetProperty("hparams");
        var expected = item.GetProperty("expected");
        var rule = Rule(item.GetProperty("optimizer").GetString()!, hparams);
        var slots = File.GetProperty("inputs").GetProperty("init").EnumerateArray().Select(json => Slot.Create(rule, json)).ToList();
        var schedule = Schedule(hparams);

        var step = 0;
        foreach (var gradients in File.GetProperty("inputs").GetProperty("grads").EnumerateArray())
        {
            var tensors = gradients.EnumerateArray().Select(GoldenFile.Tensor).ToArray();
            if (hparams.Optional("max_grad_norm") is { } maximum)
                Clip(tensors, maximum, expected.GetProperty("grad_norms_before_clipping")[step].GetDouble());
            var rate = hparams.Number("lr") * (schedule?.FactorAt(step) ?? 1);
            step++;
            foreach (var (slot, gradient) in slots.Zip(tensors))
                rule.Update(slot.Parameter, gradient, slot.State, step, rate, hparams.Optional("weight_decay") ?? 0);
            if (expected.GetProperty("after_steps").TryGetProperty($"{step}", out var after))
                Compare(rule, slots, after, $"{name} after {step} steps");
        }
        Golden.Ran("optim: optimizers");
    }

    [Fact]
    public void ClippingAgrees()
    {
        foreach (var item in File.GetProperty("clip_grad_norm").EnumerateArray())
        {
            if (item.Number("norm_type") != 2)
                continue;
            var gradients = File.GetProperty("inputs").GetProperty("grads")[0].EnumerateArray().Select(GoldenFile.Tensor).ToArray();
            Clip(gradients, item.Number("max_norm"), item.Number("total_norm"));
            foreach (var (clipped, gradient) in item.GetProperty("clipped").EnumerateArray().Zip(gradients))
                GoldenFile.Close(clipped, gradient, "clipped gradient");
            Golden.Ran("optim: clipping");
        }
    }

    static void Clip(Tensor[] gradients, double maximum, double expectedNorm)
    {
        var parameters = gradients.Select((gradient, i) =>
        {
            var parameter = new Parameter(gradient.Shape.ToArray(), 0) { Value = gradient.ZerosLike() };
            parameter.Trainable = true;
            parameter.Value.Grad = gradient;
            return ($"{i}", parameter);
        }).ToArray();
        var optimizer = new Optimizer(new OptimizerOptions().ToRule(), parameters, weightDecay: 0);
        var norm = optimizer.GradientNorm();
        Golden.Close(expectedNorm, norm, "norm", Tolerance.Loss);
        foreach (var gradient in gradients)
            gradient.MultiplyInPlace(Optimizer.ClipFactor(norm, maximum));
    }

    static void Compare(IUpdateRule rule, List<Slot> slots, JsonElement after, string what)
    {
        var parameters = after.GetProperty("params").EnumerateArray().ToArray();
        for (var i = 0; i < slots.Count; i++)
        {
            GoldenFile.Close(parameters[i], slots[i].Parameter, $"{what}: parameter {i}", Tolerance.FewOperations);
            foreach (var ((name, _), tensor) in rule.StateShapes(slots[i].Parameter.Shape).Zip(slots[i].State))
                if (after.TryGetProperty(name, out var states) && GoldenTensor.IsTensor(states[i]))
                    GoldenFile.Close(states[i], tensor, $"{what}: {name} {i}", Tolerance.FewOperations);
        }
    }

    static IUpdateRule Rule(string optimizer, JsonElement hparams) => optimizer switch
    {
        "AdamW" or "Adam" =>
            new Adam(hparams.GetProperty("betas")[0].GetDouble(), hparams.GetProperty("betas")[1]
            .GetDouble(), hparams.Number("eps"), optimizer == "AdamW"),
        "SGD" => new Sgd(hparams.Optional("momentum") ?? 0, hparams.TryGetProperty("nesterov", out var nesterov) && nesterov.GetBoolean()),
        "RMSprop" => new RmsProp(hparams.Number("alpha"), hparams.Number("eps"), hparams.Optional("momentum") ?? 0),
        "Adafactor" => new Adafactor(new()
        {
            Epsilon = hparams.GetProperty("eps")[0].GetDouble(),
            ScaleEpsilon = hparams.GetProperty("eps")[1].GetDouble(),
            ClipThreshold = hparams.Number("clip_threshold"),
            DecayRate = hparams.Number("decay_rate"),
            Beta1 = hparams.Optional("beta1") ?? 0,
            ScaleParameter = hparams.Flag("scale_parameter"),
            RelativeStep = hparams.Flag("relative_step"),
            WarmupInit = hparams.Flag("warmup_init"),
        }),
        _ => throw new NotSupportedException(optimizer),
    };

    static LearningRateSchedule? Schedule(JsonElement hparams) => hparams.TryGetProperty("schedule", out var kind)
        ? new(new() { Kind = GoldenScheduleTests.Kind(kind.GetString()!), Warmup = hparams.Number("num_warmup_steps") },
            (int)hparams.Number("num_training_steps")) { IsAsInTransformers = true }
        : null;

    sealed record Slot(Tensor Parameter, Tensor[] State)
    {
        public static Slot Create(IUpdateRule rule, JsonElement json)
        {
            var parameter = GoldenFile.Tensor(json);
            return new(parameter, [.. rule.StateShapes(parameter.Shape).Select(state => Tensor.Zeros(state.Shape))]);
        }
    }
}
