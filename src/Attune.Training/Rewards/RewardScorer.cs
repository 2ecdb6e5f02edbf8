using Attune.Data;
using Attune.Models;
using Attune.Reporting.Evaluation;
using Attune.Torch;
using Attune.Training.Options;
using Attune.Training.Parameters;
using MathNet.Numerics.Statistics;

namespace Attune.Training.Rewards;

/// <summary>Scores the responses of data files with one or several reward models.</summary>
public sealed class RewardScorer
{
    readonly IReadOnlyList<Member> members;
    readonly EnsembleOptions options;

    RewardScorer(IReadOnlyList<Member> members, EnsembleOptions options) => (this.members, this.options) = (members, options);

    /// <summary>How many heads there are in all models.</summary>
    public int MemberCount => members.Sum(member => member.Model.HeadCount);

    /// <summary>The encoder of the first model.</summary>
    public TextEncoder Encoder => members[0].Encoder;

    /// <param name="folders">Reward models, at least one.</param>
    /// <param name="device">The device that they compute on.</param>
    /// <param name="dtype">The type of their weights; null for the type that they are stored in.</param>
    /// <param name="options">How the scores of several models or heads become one.</param>
    /// <exception cref="InvalidDataException">A folder has no reward model, or the options are wrong.</exception>
    public static RewardScorer Load(IReadOnlyList<string> folders, Device device, DType? dtype, EnsembleOptions options)
    {
        Validation.ThrowIfInvalid(options);
        return new([.. folders.Select(Open)], options);

        Member Open(string folder)
        {
            var (model, tokenizer) = (ModelFolder.LoadRewardModel(folder, device, dtype), ModelFolder.LoadTokenizer(folder));
            var source = new RewardModelSource(model, tokenizer, tokenizer) { Workers = Environment.ProcessorCount };
            return new(model, source, tokenizer.NewSequenceEncoder(model.Backbone));
        }
    }

    /// <summary>Scores the responses of each example.</summary>
    /// <exception cref="InvalidDataException">An example has no response.</exception>
    public IReadOnlyList<ScoredResponse[]> Score(IReadOnlyList<Example> examples)
    {
        var texts = examples.Select(Encoder.EncodeForScoring).ToList();
        var columns = members.Select(member =>
            member.ScoreAll(member == members[0] ? texts : examples.Select(member.Encoder.EncodeForScoring))).ToList();
        var (scored, first) = (new List<ScoredResponse[]>(), 0);
        foreach (var (example, exampleTexts) in examples.Zip(texts))
        {
            var prompt = exampleTexts.Count > 1
                ? PromptLength(exampleTexts)
                : example is Demonstration demonstration ? Encoder.EncodeFullPrompt(demonstration.Prompt).Length : 0;
            scored.Add(
                [.. exampleTexts.Select((text, at) => One([.. columns.Select(column => column[first + at])], text.Length - prompt))]);
            first += exampleTexts.Count;
        }
        return scored;
    }

    /// <summary>Scores every response and compares every pair.</summary>
    /// <exception cref="InvalidDataException">There is no pair to compare, or an example is not a comparison.</exception>
    public RewardEvaluation Evaluate(IReadOnlyList<Example> examples)
    {
        ComparisonExample[] comparisonExamples = [.. examples.Select(example => example switch
        {
            ComparisonExample comparisons => comparisons,
            ChatComparisonExample chat => Encoder.AsTexts(chat),
            _ => throw new InvalidDataException(
                $"{example.Origin}: this is not a comparison, which has `prompt`, `completions` and `ranks` or `pairs`; or `chosen` and "
                    + "`rejected`"),
        })];
        return RewardEvaluation.Evaluate(comparisonExamples, Score(examples));
    }

    ScoredResponse One((double[] Scores, double[] Logits)[] memberScores, int length)
    {
        double[] scores = [.. memberScores.SelectMany(member => member.Scores)];
        var logit = memberScores.SelectMany(member => member.Logits).Average();
        return new(options.Aggregate(scores), logit, scores.PopulationStandardDeviation(), length);
    }

    /// <summary>How many tokens all texts share at the start.</summary>
    static int PromptLength(IReadOnlyList<int[]> texts) => texts.Min(text => text.AsSpan().CommonPrefixLength(texts[0]));

    sealed record Member(RewardModel Model, RewardModelSource Source, TextEncoder Encoder)
    {
        public (double[] Scores, double[] Logits)[] ScoreAll(IEnumerable<IReadOnlyList<int[]>> texts) =>
            [.. Source.ScoreHeads([.. texts.SelectMany(exampleTexts => exampleTexts)]).Select(scores => (scores, Logits(scores)))];

        double[] Logits(double[] scores) => Model.Scale is not { } scale ? scores
            : [.. scores.Select((score, head) => score * scale.Scale[head] + scale.Shift[head])];
    }
}
