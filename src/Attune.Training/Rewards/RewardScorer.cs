using Attune.Data;
using Attune.Models;
using Attune.Reporting.Evaluation;
using Attune.Torch;
using Attune.Training.Options;
using Attune.Training.Parameters;
using MathNet.Numerics.Statistics;

namespace Attune.Training.Rewards;

/// <summary>Reads the answers of data files with one or several reward models.</summary>
public sealed class RewardScorer
{
    readonly IReadOnlyList<Member> members;
    readonly EnsembleOptions options;

    RewardScorer(IReadOnlyList<Member> members, EnsembleOptions options) => (this.members, this.options) = (members, options);

    /// <summary>How many heads there are in all models.</summary>
    public int MemberCount => members.Sum(member => member.Model.HeadCount);

    /// <summary>Writes conversations as the first model reads them.</summary>
    public TextEncoder Encoder => members[0].Encoder;

    /// <param name="folders">Reward models, at least one.</param>
    /// <param name="device">Where they compute.</param>
    /// <param name="dtype">Of their weights; null for what is stored.</param>
    /// <param name="options">How several become one.</param>
    /// <exception cref="InvalidDataException">A folder has no reward model, or the options are wrong.</exception>
    public static RewardScorer Load(IReadOnlyList<string> folders, Device device, DType? dtype, EnsembleOptions options)
    {
        Validation.ThrowIfInvalid(options);
        return new([.. folders.Select(Open)], options);

        Member Open(string folder)
        {
            var (model, tokenizer) = (ModelFolder.LoadRewardModel(folder, device, dtype), ModelFolder.LoadTokenizer(folder));
            var source = new RewardModelSource(model, tokenizer, tokenizer) { Workers = Environment.ProcessorCount };
            return new(model, source, new(tokenizer, (int)model.Backbone.ContextLength));
        }
    }

    /// <summary>The answers of each example.</summary>
    /// <exception cref="InvalidDataException">An example has none.</exception>
    public IReadOnlyList<ScoredResponse[]> Score(IReadOnlyList<Example> examples)
    {
        var texts = examples.Select(Encoder.EncodeForScoring).ToList();
        var columns = members.Select(member => member.Judge(member == members[0] ? texts : examples.Select(member.Encoder.EncodeForScoring))).ToList();
        var (judged, first) = (new List<ScoredResponse[]>(), 0);
        foreach (var (example, own) in examples.Zip(texts))
        {
            var prompt = own.Count > 1 ? PromptLength(own) : example is Demonstration demonstration ? Encoder.EncodeFullPrompt(demonstration.Prompt).Length : 0;
            judged.Add([.. own.Select((text, at) => One([.. columns.Select(column => column[first + at])], text.Length - prompt))]);
            first += own.Count;
        }
        return judged;
    }

    /// <summary>Scores every answer and compares every pair.</summary>
    /// <exception cref="InvalidDataException">There is no pair to compare, or an example is no comparison.</exception>
    public RewardEvaluation Evaluate(IReadOnlyList<Example> examples)
    {
        ComparisonExample[] rankings = [.. examples.Select(example => example switch
        {
            ComparisonExample ranking => ranking,
            ChatComparisonExample dialogue => Encoder.AsTexts(dialogue),
            _ => throw new InvalidDataException(
                $"{example.Origin}: comparisons were expected: prompt, completions and ranks or pairs; or chosen and rejected"),
        })];
        return RewardEvaluation.Evaluate(rankings, Score(examples));
    }

    ScoredResponse One((double[] Scores, double[] Logits)[] found, int length)
    {
        double[] scores = [.. found.SelectMany(member => member.Scores)];
        return new(options.Aggregate(scores), found.SelectMany(member => member.Logits).Average(), scores.PopulationStandardDeviation(), length);
    }

    /// <summary>How many tokens all texts share at the start.</summary>
    static int PromptLength(IReadOnlyList<int[]> texts) => texts.Min(text => text.AsSpan().CommonPrefixLength(texts[0]));

    sealed record Member(RewardModel Model, RewardModelSource Source, TextEncoder Encoder)
    {
        public (double[] Scores, double[] Logits)[] Judge(IEnumerable<IReadOnlyList<int[]>> texts) =>
            [.. Source.ScoreHeads([.. texts.SelectMany(own => own)]).Select(scores => (scores, Logits(scores)))];

        double[] Logits(double[] scores) => Model.Scale is not { } scale ? scores
            : [.. scores.Select((score, head) => score * scale.Scale[head] + scale.Shift[head])];
    }
}
