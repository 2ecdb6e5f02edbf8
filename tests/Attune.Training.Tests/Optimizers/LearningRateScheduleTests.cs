using Attune.Training.Optimizers;

namespace Attune.Training.Tests.Optimizers;

/// <summary>Warm-ups, which differ from those of transformers.</summary>
public sealed class LearningRateScheduleTests
{
    public static TheoryData<ScheduleKind> Kinds => [.. Enum.GetValues<ScheduleKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void FactorAt_EveryStepOfAWarmup_LearnsAndReachesTheFullRate(ScheduleKind kind)
    {
        var schedule = new LearningRateSchedule(new() { Kind = kind, Warmup = 4 }, totalSteps: 100);
        var factors = Enumerable.Range(0, 10).Select(schedule.FactorAt).ToList();
        Assert.All(factors, factor => Assert.True(factor > 0, $"{factor}"));
        Assert.InRange(factors.Max(), 0.98, 1);
        Assert.Equal(factors[..4].Order(), factors[..4]);
    }

    [Theory]
    [InlineData(0.03, 1, 0)]
    [InlineData(0.03, 33, 1)]
    [InlineData(100, 50, 49)]
    [InlineData(4, 100, 4)]
    public void Warmup_IsShorterThanTheRun(double warmup, int totalSteps, int expected) =>
        Assert.Equal(expected, new LearningRateSchedule(new() { Kind = ScheduleKind.Cosine, Warmup = warmup }, totalSteps).Warmup);

    [Fact]
    public void ScheduledOptimizer_RateIs0AtEveryStep_IsRefused()
    {
        var options = new OptimizerOptions { Schedule = new() { Kind = ScheduleKind.CosineWarmupWithMin } };
        var error = Assert.Throws<InvalidDataException>(() => new ScheduledOptimizer([], options, totalSteps: 1));
        Assert.Contains("`optimizer.schedule` makes the learning rate 0 at every step", error.Message, StringComparison.Ordinal);
        Assert.NotNull(new ScheduledOptimizer([], new OptimizerOptions { Schedule = new() { Kind = ScheduleKind.Cosine, Warmup = 9 } }, 1));
    }
}
