using Attune.Data;
using Attune.Reporting.Evaluation;
using Attune.Reporting.TextMetrics;
using Attune.Torch;
using Attune.Training.Policies;
using Attune.Training.Rewards;

namespace Attune.Training.Evaluation;

/// <summary>Samples a response to each prompt, to be compared with references and with the responses of other models.</summary>
/// <param name="policy">The model that is sampled from.</param>
public sealed class ResponseSampling(Policy policy)
{
    /// <summary>The name of the metric of lengths, in tokens with EOS.</summary>
    public const string Length = "length";

    /// <summary>The name of the share of responses that ended.</summary>
    public const string Ended = "ended";

    /// <summary>The name of the metric of scores.</summary>
    public const string Score = "score";

    /// <summary>The names of the numbers of BERTScore.</summary>
    public static readonly IReadOnlyList<string> BertScoreNames = ["bertScore precision", "bertScore recall", "bertScore F1"];

    const string Parts = "rewards/";
    const int RowsAtOnce = 64;

    /// <summary>Whether a number is the score of one of several rewards.</summary>
    public static bool IsPart(string name) => name.StartsWith(Parts, StringComparison.Ordinal);

    /// <summary>Scores the responses; null for no score.</summary>
    public IRewardSource? Reward { get; init; }

    /// <summary>The field of the prompts' rows that holds the references; null for none.</summary>
    public string? References { get; init; }

    /// <summary>The field of the prompts' rows that holds the table that a response describes; null for none.</summary>
    public string? Table { get; init; }

    /// <summary>Compares responses and references by hidden states; null for no BERTScore.</summary>
    public BertScorer? BertScorer { get; init; }

    /// <summary>Measures the responses' perplexity; null for none.</summary>
    public Perplexity? Perplexity { get; init; }

    /// <param name="name">The model's name.</param>
    /// <param name="prompts">Prompts in tokens.</param>
    /// <param name="seed">The same seed gives the same responses.</param>
    /// <param name="cancellation">Stops the sampling.</param>
    public ModelResponses Draw(string name, IReadOnlyList<TokenPrompt> prompts, int seed, CancellationToken cancellation)
    {
        using var noGrad = Autograd.NoGrad();
        using var random = new RandomSource((ulong)seed, policy.Model.Device);
        var (texts, losses) = (new List<ReferencedText>(), new List<(double, int)>());
        var numbers = new Dictionary<string, List<double>>(StringComparer.Ordinal);
        foreach (var part in prompts.Chunk(RowsAtOnce))
        {
            using var scope = TensorScope.Open();
            var rollouts = policy.Respond(part, random, cancellation: cancellation);
            ReferencedText[] own = [.. TextResponse.FromRollouts(rollouts, policy.Tokenizer).Select(Read)];
            texts.AddRange(own);
            losses.AddRange(Perplexity?.Measure(rollouts, policy.Tokenizer) ?? []);
            foreach (var (number, values) in NumbersOf(rollouts, own))
            {
                if (!numbers.TryGetValue(number, out var all))
                    numbers[number] = all = [];
                all.AddRange(values);
            }
        }
        return new(
            name, [.. prompts.Select(prompt => prompt.Text)], texts,
            numbers.ToDictionary(number => number.Key, number => (IReadOnlyList<double>)number.Value, StringComparer.Ordinal))
        {
            Losses = Perplexity is null ? null : losses,
        };
    }

    ReferencedText Read(TextResponse response) => new(response.Text, References is null ? [] : response.References(References))
    {
        Table = Table is null ? [] : response.Table(Table),
    };

    /// <summary>The numbers of each response, by their names.</summary>
    IEnumerable<(string Name, IEnumerable<double> Values)> NumbersOf(Rollouts rollouts, ReferencedText[] texts)
    {
        yield return (Length, rollouts.Completions.Select(response => (double)response.Tokens.Length));
        yield return (Ended, rollouts.Completions.Select(response => response.Ended ? 1.0 : 0));
        if (Reward?.Score(rollouts) is { } scores)
        {
            yield return (Score, scores.Totals);
            foreach (var (name, values) in scores.Parts)
                yield return (Parts + name, values);
        }
        if (BertScorer?.Score(texts) is { } bert)
        {
            yield return (BertScoreNames[0], bert.Select(score => score.Precision));
            yield return (BertScoreNames[1], bert.Select(score => score.Recall));
            yield return (BertScoreNames[2], bert.Select(score => score.F1));
        }
    }
}
