using System.Text.Json;
using Attune.Testing;
using Attune.Training.Optimizers;

namespace Attune.Training.Tests.Optimizers;

/// <summary>Schedules of transformers.optimization.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenScheduleTests
{
    static readonly JsonElement File = Golden.Json("optim", "schedules.json");

    public static TheoryData<string> Cases =>
        [.. File.GetProperty("cases").EnumerateArray().Select(item => item.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void RatesAgree(string name)
    {
        var item = File.GetProperty("cases").EnumerateArray().First(c => c.GetProperty("name").GetString() == name);
        var hparams = item.GetProperty("hparams");
        var schedule = new LearningRateSchedule(Options(name, hparams), TotalSteps(hparams)) { IsAsInTransformers = true };
        var expected = item.GetProperty("lr").EnumerateArray().Select(GoldenTensor.Number).ToArray();
        var actual = Enumerable.Range(0, expected.Length).Select(step => hparams.Number("lr") * schedule.FactorAt(step)).ToArray();
        Golden.Close(expected, (ReadOnlySpan<double>)actual, name, Tolerance.Float64);
        Golden.Ran("optim: schedules");
    }

    [Fact]
    public void AShareOfAllStepsIsRoundedUp()
    {
        foreach (var item in File.GetProperty("warmup_ratio").EnumerateArray())
            Golden.Equal(
                (int)item.Number("warmup_steps"),
                LearningRateSchedule.WarmupSteps(item.Number("warmup_ratio"), (int)item.Number("num_training_steps")), "warm-up steps");
    }

    public static ScheduleKind Kind(string name) => name switch
    {
        _ when name.StartsWith("wsd", StringComparison.Ordinal) => ScheduleKind.WarmupStableDecay,
        _ when name.StartsWith("cosine_warmup_with_min", StringComparison.Ordinal) => ScheduleKind.CosineWarmupWithMin,
        _ when name.StartsWith("cosine_with_restarts", StringComparison.Ordinal) => ScheduleKind.CosineWithRestarts,
        _ when name.StartsWith("constant_with_warmup", StringComparison.Ordinal) => ScheduleKind.ConstantWithWarmup,
        _ when name.StartsWith("inverse_sqrt", StringComparison.Ordinal) => ScheduleKind.InverseSqrt,
        _ => Enum.Parse<ScheduleKind>(name.Split('_')[0], ignoreCase: true),
    };

    static ScheduleOptions Options(string name, JsonElement hparams) => new()
    {
        Kind = Kind(name),
        Warmup = hparams.Number("num_warmup_steps"),
        Cycles = hparams.Optional("num_cycles") ?? 0,
        Power = hparams.Optional("power") ?? 1,
        TimeScale = hparams.Optional("timescale") ?? 0,
        MinRatio = MinRatio(name, hparams),
        WarmupRatioStart = hparams.Optional("warmup_lr_rate") ?? 0,
        DecaySteps = (int)(hparams.Optional("num_decay_steps") ?? 0),
        WarmupRamp = Ramp(hparams, "warmup_type"),
        DecayRamp = Kind(name) == ScheduleKind.WarmupStableDecay && !hparams.TryGetProperty("decay_type", out _)
            ? RampKind.Cosine
            : Ramp(hparams, "decay_type"),
    };

    static double MinRatio(string name, JsonElement hparams) =>
        hparams.Optional("min_lr") is { } least ? least / hparams.Number("lr")
        : hparams.Optional("lr_end") is { } end ? end / hparams.Number("lr")
        : Kind(name) == ScheduleKind.Polynomial ? 1e-7 / hparams.Number("lr")
        : hparams.Optional("min_lr_rate") ?? hparams.Optional("min_lr_ratio") ?? 0;

    static RampKind Ramp(JsonElement hparams, string key) =>
        !hparams.TryGetProperty(key, out var kind) ? RampKind.Linear : kind.GetString() switch
    {
        "cosine" => RampKind.Cosine,
        "1-sqrt" => RampKind.OneMinusSqrt,
        _ => RampKind.Linear,
    };

    static int TotalSteps(JsonElement hparams) => (int)(hparams.Optional("num_training_steps")
        ?? hparams.Number("num_warmup_steps") + (hparams.Optional("num_stable_steps") ?? 0) + (hparams.Optional("num_decay_steps") ?? 0));
}
