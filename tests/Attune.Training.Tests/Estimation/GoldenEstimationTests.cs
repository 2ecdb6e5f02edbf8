using Attune.Testing;
using Attune.Training.Estimation;

namespace Attune.Training.Tests.Estimation;

/// <summary>Controllers and running statistics as trlX computes them.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenEstimationTests
{
    /// <summary>RL4LMs clips the error of its controller in float32, whose epsilon is 1.2e-7.</summary>
    static readonly Tolerance ClippedInFloat32 = new(0, 1.2e-7);

    public static TheoryData<string> Controllers => [.. GoldenFile.Cases("kl_controller")];

    public static TheoryData<string> Rl4LmsControllers => [.. GoldenFile.Cases("kl_controller_rl4lms")];

    public static TheoryData<string> Moments => [.. GoldenFile.Cases("running_moments")];

    [Theory]
    [MemberData(nameof(Controllers))]
    public void KlControllersAgree(string name)
    {
        var (item, _) = GoldenFile.Read("kl_controller", name);
        var hparams = item.GetProperty("hparams");
        var expected = item.GetProperty("expected");
        if (hparams.Optional("kl_coef") is { } fixedCoefficient)
        {
            var constant = new KlController(fixedCoefficient);
            constant.Update(100, 100, 100);
            Golden.Equal(expected.Number("value"), constant.Coefficient, "coefficient");
            return;
        }
        var controller =
            new KlController(hparams.Number("init_kl_coef"), KlControl.Adaptive, hparams.Number("target"), hparams.Number("horizon"));
        foreach (var pair in expected.GetProperty("current_kl_and_value_after").EnumerateArray())
        {
            controller.Update(pair[0].GetDouble(), double.NaN, (int)hparams.Number("n_steps"));
            Golden.Close(pair[1].GetDouble(), controller.Coefficient, "coefficient", Tolerance.Float64);
        }
    }

    [Theory]
    [MemberData(nameof(Rl4LmsControllers))]
    public void TheKlControllerOfRl4LmsAgrees(string name)
    {
        var (item, _) = GoldenFile.Read("kl_controller_rl4lms", name);
        var hparams = item.GetProperty("hparams");
        var target = hparams.Optional("target_kl");
        var controller = new KlController(hparams.Number("kl_coeff"), target is null ? KlControl.Fixed : KlControl.Rl4Lms, target ?? 1);
        foreach (var pair in item.GetProperty("expected").GetProperty("kl_and_coeff_after").EnumerateArray())
        {
            controller.Update(double.NaN, pair[0].GetDouble(), 1);
            Golden.Close(pair[1].GetDouble(), controller.Coefficient, "coefficient", ClippedInFloat32);
        }
    }

    [Theory]
    [MemberData(nameof(Moments))]
    public void RunningMomentsAgree(string name)
    {
        var (item, _) = GoldenFile.Read("running_moments", name);
        var moments = new RunningMoments();
        var steps = item.GetProperty("steps").EnumerateArray().ToList();
        foreach (var step in steps)
        {
            var xs = GoldenTensor.Read(step.GetProperty("xs")).Data;
            moments.Update(xs);
            var batch = new RunningMoments();
            batch.Update(xs);
            Golden.Close(step.Number("batch_mean"), batch.Mean, "batch mean", Tolerance.Loss);
            Golden.Close(step.Number("batch_std"), batch.Std, "batch deviation", Tolerance.Loss);
            Golden.Close(step.Number("var"), moments.Variance, "variance", Tolerance.Loss);
            Golden.Close(step.Number("std"), moments.Std, "deviation", Tolerance.Loss);
            Golden.Close(step.Number("count"), moments.Count, "count", Tolerance.Loss);
            double[] scaled = [.. xs.Select(x => x / moments.Std)];
            Golden.Close(GoldenTensor.Read(step.GetProperty("scaled")).Data, scaled, "scaled", Tolerance.Loss);
        }
        // the file repeats the last mean in every step
        Golden.Close(steps[^1].Number("mean"), moments.Mean, "mean", Tolerance.Loss);
    }
}
