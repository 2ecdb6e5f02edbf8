using System.Text.Json;
using Attune.Data;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Parameters;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Rewards;

/// <summary>BERTScore, worked by hand from vectors and from the hidden states of a tiny encoder.</summary>
public sealed class BertScoreTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    readonly TensorScope scope = TensorScope.Open();
    readonly string encoder;

    public BertScoreTests() => encoder = TinyClassifier.Write(folder.File("encoder"), ("a", 1));

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    /// <summary>Cosines 1 and 0.6 of the first token, 0 and 0.8 of the second.</summary>
    [Theory]
    [InlineData(1, 1, 1, 1, 0.9, 0.9)]
    [InlineData(0, 1, 3, 1, 0.8, 0.95)]
    [InlineData(0, 0, 1, 0, 0, 1)]
    public void Match_TakesTheNearestTokensByWeight(double t1, double t2, double u1, double u2, double precision, double recall)
    {
        var score = BertScorer.Match(
            Tensor.From([1f, 0, 0, 1], 2, 2), [t1, t2], Tensor.From([1f, 0, 0.6f, 0.8f], 2, 2), [u1, u2]);
        var f1 = precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall);
        Numeric.Close([precision, recall, f1], [score.Precision, score.Recall, score.F1], "BERTScore", 1e-6, 0);
    }

    /// <summary>The same numbers by loops over the hidden states, where [CLS] and [SEP] have no weight but may be matched.</summary>
    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public void Score_IsTheMeanOfTheGreatestCosines(int layer, bool idf)
    {
        string[] references = ["meow meow says", "the dog says moo"];
        var scored = new BertScorer(encoder, Device.Cpu, layer) { Idf = idf }.Score(
            [new("The cat says meow", [references[0]]), new("woof", [references[1]])]);
        var (response, reference) = (Read("The cat says meow"), Read(references[0]));
        var precision = Mean(response, reference);
        var recall = Mean(reference, response);
        Numeric.Close(
            [precision, recall, 2 * precision * recall / (precision + recall)],
            [scored[0].Precision, scored[0].Recall, scored[0].F1], "BERTScore", 1e-5, 1e-5);

        double Mean((int[] Tokens, float[][] States) from, (int[] Tokens, float[][] States) to)
        {
            var (sum, total) = (0.0, 0.0);
            for (var i = 1; i < from.Tokens.Length - 1; i++)                                    // without [CLS] and [SEP]
            {
                var weight = idf ? Math.Log(3.0 / (references.Count(text => Read(text).Tokens.Contains(from.Tokens[i])) + 1)) : 1;
                sum += weight * to.States.Max(state => Cosine(state, from.States[i]));
                total += weight;
            }
            return sum / total;
        }

        (int[] Tokens, float[][] States) Read(string text)
        {
            var (model, tokens) = (ModelFolder.LoadEncoder(encoder, Device.Cpu), TinyData.WordPieces.Encode(text, addSpecialTokens: true));
            var states = model.HiddenStates(
                new(Tensor.From(Array.ConvertAll(tokens, token => (long)token), 1, tokens.Length)), layer == 0 ? 2 : layer);
            return (tokens, [.. states.ToArray<float>().Chunk(32)]);
        }

        static double Cosine(float[] a, float[] b) => Dot(a, b) / Math.Sqrt(Dot(a, a) * Dot(b, b));

        static double Dot(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();
    }

    [Fact]
    public void Score_EqualTexts_AreOneAndEmptyOnesZero()
    {
        var scored = new BertScorer(encoder, Device.Cpu).Score(
            [new(" the cat", ["the dog", "The cat "]), new("", ["the cat"]), new("the cat", [""])]);
        Numeric.Close([1, 1, 1], [scored[0].Precision, scored[0].Recall, scored[0].F1], "equal", 1e-5, 0);
        Assert.Equal([0.0, 0], scored.Skip(1).Select(score => score.F1));
        var rescaled = new BertScorer(encoder, Device.Cpu) { Baseline = new(0.5, 0.25, 0.2) }.Score([new("", ["the cat"])])[0];
        Assert.Equal(new BertScore(-1, rescaled.Recall, -0.25), rescaled);
    }

    [Theory]
    [InlineData("bert", 12, 9)]
    [InlineData("roberta", 24, 17)]
    [InlineData("bert", 2, 2)]
    public void UsualLayer_IsThatOfBertScoreOrTheLast(string family, int layers, int expected) =>
        Assert.Equal(expected, BertScorer.UsualLayer(family, layers));

    [Fact]
    public void Reward_MeasuresAgainstTheReferencesOfTheRow()
    {
        var rollouts = Rewarded.Rollouts("The cat says", " meow", " woof woof");
        var row = new Row(new("a", 1), JsonElement.Parse("""{"references":["the meow"]}"""));
        rollouts = rollouts with { Prompts = [.. rollouts.Prompts.Select(prompt => prompt with { Row = row })] };
        var scored = new BertScorer(encoder, Device.Cpu, 1).Score([new("meow", ["the meow"]), new("woof woof", ["the meow"])]);
        Assert.Equal(scored.Select(score => score.F1), Totals(new()));
        Assert.Equal(scored.Select(score => score.Precision), Totals(new() { Measure = BertScoreMeasure.Precision }));
        Assert.Equal(scored.Select(score => score.Recall), Totals(new() { Measure = BertScoreMeasure.Recall }));
        Assert.Equal(scored.Select(score => (score.F1 - 0.5) / 0.5), Totals(new() { Baseline = [0.1, 0.2, 0.5] }));
        Assert.Contains(
            "layer must be at most 2",
            Assert.Throws<InvalidDataException>(
                () => new BertScoreReward { Model = encoder, Layer = 3 }.Build(Rewarded.Context())).Message,
            StringComparison.Ordinal);

        double[] Totals(BertScoreReward reward) =>
            (reward with { Model = encoder, Layer = 1 }).Build(Rewarded.Context()).Score(rollouts).Totals;
    }
}
