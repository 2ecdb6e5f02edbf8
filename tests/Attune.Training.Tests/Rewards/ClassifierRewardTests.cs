using System.Text.Json;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Options;
using Attune.Training.Policies;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Rewards;

/// <summary>A classifier whose logits are z, 2z and −z for a number z of each text.</summary>
public sealed class ClassifierRewardTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    readonly TensorScope scope = TensorScope.Open();
    readonly string classifier;

    public ClassifierRewardTests() =>
        classifier = TinyClassifier.Write(folder.File("classifier"), ("bad", 1), ("middling", 2), ("good", -1));

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Score_IsLogitOddsProbabilityOrMatch()
    {
        var rollouts = Rewarded.Rollouts("The cat says", " meow", " woof woof woof.");
        var z = Score(rollouts, ClassifierScore.Logit, "bad");
        Assert.NotEqual(z[0], z[1]);
        Check(z.Select(x => 2 * x), ClassifierScore.Logit, "middling");
        Check(z.Select(x => Math.Exp(-x) / Sum(x)), ClassifierScore.Probability, "good");
        Check(z.Select(x => (Math.Exp(x) + Math.Exp(-x)) / Sum(x)), ClassifierScore.Probability, "bad", "Good");
        Check(z.Select(x => -x - Math.Log(Math.Exp(x) + Math.Exp(2 * x))), ClassifierScore.LogOdds, "2");
        Check(z.Select(x => Math.Log(Math.Exp(x) + Math.Exp(2 * x))), ClassifierScore.Logit, "bad", "middling");
        Check(z.Select(x => x < 0 ? 1.0 : 0), ClassifierScore.Match, "good");
        Check(z.Select(x => x > 0 ? 1.0 : 0), ClassifierScore.Match, "middling");

        void Check(IEnumerable<double> expected, ClassifierScore score, params string[] labels) =>
            Numeric.Close([.. expected], Score(rollouts, score, labels), $"{score}", 1e-6, 1e-6);

        static double Sum(double x) => Math.Exp(x) + Math.Exp(2 * x) + Math.Exp(-x);
    }

    [Fact]
    public void Score_PromptAndLongText_AreReadFromTheEnd()
    {
        var (one, other) = (Rewarded.Rollouts("The cat says", " meow"), Rewarded.Rollouts("The dog says", " meow"));
        Assert.NotEqual(Score(one, ClassifierScore.Logit, "bad"), Score(other, ClassifierScore.Logit, "bad"));
        Assert.Equal(
            Source(new() { Labels = ["bad"], WithPrompt = false }).Score(one).Totals,
            Source(new() { Labels = ["bad"], WithPrompt = false }).Score(other).Totals);
        var longer = string.Concat(Enumerable.Repeat(" meow", 40));                   // more than the context of 24
        Assert.Equal(
            Score(Rewarded.Rollouts("The cat says", longer), ClassifierScore.Logit, "bad"),
            Score(Rewarded.Rollouts("The dog says", longer), ClassifierScore.Logit, "bad"));
    }

    [Fact]
    public void Score_FieldOfTheRow_NamesTheLabel()
    {
        var rollouts = Rewarded.Rollouts("The cat says", " meow", " woof");
        Rollouts With(string row) => rollouts with
        {
            Prompts = [.. rollouts.Prompts.Select(prompt => prompt with { Row = new(new("a", 3), JsonElement.Parse(row)) })],
        };
        var source = Source(new() { Field = "intent", Score = ClassifierScore.Logit });
        Assert.Equal(Score(rollouts, ClassifierScore.Logit, "good"), source.Score(With("""{"intent":"good"}""")).Totals);
        Assert.Equal(Score(rollouts, ClassifierScore.Logit, "bad", "good"), source.Score(With("""{"intent":[0,"good"]}""")).Totals);
        var error = Assert.Throws<InvalidDataException>(() => source.Score(With("""{"intent":"fine"}"""))).Message;
        Assert.StartsWith("a, line 3: 'intent' must be a label of ", error, StringComparison.Ordinal);
        Assert.EndsWith(" (was 'fine'); its labels are bad, middling, good", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Build_UnknownLabelOrNone_IsRefused()
    {
        Assert.Contains(
            "has no label 'fine'; its labels are bad, middling, good",
            Assert.Throws<InvalidDataException>(() => Source(new() { Labels = ["fine"] })).Message, StringComparison.Ordinal);
        Assert.Contains("`labels` must name labels", Assert.Single(Validation.Check(new ClassifierReward { Model = classifier })));
    }

    double[] Score(Rollouts rollouts, ClassifierScore score, params string[] labels) =>
        Source(new() { Labels = labels, Score = score }).Score(rollouts).Totals;

    IRewardSource Source(ClassifierReward options) => (options with { Model = classifier }).Build(Rewarded.Context());
}
