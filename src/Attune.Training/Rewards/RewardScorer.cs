using Attune.Data;
using Attune.Models;
using Attune.Reporting.Evaluation;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Options;
using Attune.Training.Parameters;
using MathNet.Numerics.Statistics;

namespace Attune.Training.Rewards;

/// <summary>Scores the responses of data files with one or several reward models, or with a process reward model.</summary>
public sealed class RewardScorer
{
    readonly IReadOnlyList<Member> members;
    readonly EnsembleOptions options;
    readonly StepScore stepScore;

    RewardScorer(IReadOnlyList<Member> members, EnsembleOptions options, StepScore stepScore) =>
        (this.members, this.options, this.stepScore) = (members, options, stepScore);

    /// <summary>Whether the model is a process reward model.</summary>
    public bool HasSteps => members[0].Steps is not null;

    /// <summary>How many heads there are in all models.</summary>
    public int MemberCount => members.Sum(member => member.Model.HeadCount);

    /// <summary>The encoder of the first model.</summary>
    public TextEncoder Encoder => members[0].Encoder;

    /// <param name="folders">Reward models, at least one.</param>
    /// <param name="device">The device that they compute on.</param>
    /// <param name="dtype">The type of their weights; null for the type that they are stored in.</param>
    /// <param name="options">How the scores of several models or heads become one.</param>
    /// <param name="steps">How those of steps do, for a process reward model; null for the minimum.</param>
    /// <param name="tokenizers">The tokenizers of the folders; null to read them.</param>
    /// <exception cref="InvalidDataException">A folder has no reward model, or the options are wrong.</exception>
    public static RewardScorer Load(
        IReadOnlyList<string> folders, Device device, DType? dtype, EnsembleOptions options, StepScore? steps = null,
        IReadOnlyList<Tokenizer>? tokenizers = null)
    {
        tokenizers ??= [.. folders.Select(ModelFolder.LoadTokenizer)];
        Validation.ThrowIfInvalid(options);
        Member[] all = [.. folders.Zip(tokenizers, Open)];
        if (all.Length > 1 && Array.Exists(all, member => member.Steps is not null))
            throw new InvalidDataException("a process reward model cannot be a member of an ensemble; score with it alone");
        if (steps is not null && all[0].Steps is null)
            throw new InvalidDataException(
                $"a score of steps needs a process reward model (`attune prm`), and {folders[0]} scores whole responses");
        return new(all, options, steps ?? StepScore.Min);

        Member Open(string folder, Tokenizer tokenizer)
        {
            var model = ModelFolder.LoadRewardModel(folder, device, dtype);
            var source = new RewardModelSource(model, tokenizer, tokenizer) { Workers = Environment.ProcessorCount };
            var scorer = model.StepSeparator is null ? null : new StepScorer(model, tokenizer) { Workers = source.Workers };
            return new(model, source, tokenizer.NewSequenceEncoder(model.Backbone), scorer);
        }
    }

    /// <summary>Scores the responses of each example.</summary>
    /// <exception cref="InvalidDataException">An example has no response.</exception>
    public IReadOnlyList<ScoredResponse[]> Score(IReadOnlyList<Example> examples)
    {
        if (members[0].Steps is { } scorer)
            return Score(scorer, examples);
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

    /// <summary>Scores the steps of each example.</summary>
    /// <exception cref="InvalidDataException">The model scores whole responses.</exception>
    public IReadOnlyList<ScoredSteps> ScoreSteps(IReadOnlyList<StepwiseExample> examples) => members[0].Steps is { } scorer
        ? scorer.Score([.. examples.Select(example => new ResponseSteps(example.Prompt, example.Steps))])
        : throw new InvalidDataException("the model scores whole responses: name a process reward model, which `attune prm` trains");

    List<ScoredResponse[]> Score(StepScorer scorer, IReadOnlyList<Example> examples)
    {
        var responses = examples.Select(Steps).ToList();
        var scored = new Queue<ScoredSteps>(scorer.Score([.. responses.SelectMany(own => own)]));
        return [.. responses.Select(own => own.Select(_ => One(scored.Dequeue())).ToArray())];
    }

    ScoredResponse One(ScoredSteps steps)
    {
        var score = stepScore.Combine(steps.Probabilities);
        return new(score, score, Disagreement: 0, steps.Length) { Steps = steps.Probabilities };
    }

    /// <summary>The responses of an example in steps: those of the data, or divided at the separator.</summary>
    IReadOnlyList<ResponseSteps> Steps(Example example) => example switch
    {
        StepwiseExample stepwise => [new(stepwise.Prompt, stepwise.Steps)],
        Demonstration demonstration => [Split(demonstration.Prompt, demonstration.Completion)],
        ComparisonExample comparisons => [.. comparisons.Completions.Select(completion => Split(comparisons.Prompt, completion))],
        ChatComparisonExample chat => Steps(Encoder.AsTexts(chat)),
        LabelledExample labelled => Steps(labelled.Response),
        _ => throw new InvalidDataException(
            $"{example.Origin}: a process reward model scores responses (prompt and completion; prompt, completions and labels; or "
            + "compared completions)"),
    };

    ResponseSteps Split(string prompt, string response) =>
        new(prompt, [.. StepText.Split(response, members[0].Steps!.Separator).Select(step => step.Text)]);

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

    sealed record Member(RewardModel Model, RewardModelSource Source, TextEncoder Encoder, StepScorer? Steps)
    {
        public (double[] Scores, double[] Logits)[] ScoreAll(IEnumerable<IReadOnlyList<int[]>> texts) =>
            [.. Source.ScoreHeads([.. texts.SelectMany(exampleTexts => exampleTexts)]).Select(scores => (scores, Logits(scores)))];

        double[] Logits(double[] scores) => Model.Scale is not { } scale ? scores
            : [.. scores.Select((score, head) => score * scale.Scale[head] + scale.Shift[head])];
    }
}
