using Attune.Data;
using Attune.Reporting.Evaluation;
using Attune.Reporting.TextMetrics;
using Attune.Torch;
using Attune.Training.Policies;
using Attune.Training.Rewards;

namespace Attune.Training.Evaluation;

/// <summary>Samples a response to each prompt, to be compared with references and with the responses of other models.</summary>
/// <param name="policy">The model that is sampled from.</param>
/// <param name="reward">Scores the responses; null for no score.</param>
/// <param name="references">The field of the prompts' rows that holds the references; null for none.</param>
public sealed class ResponseSampling(Policy policy, IRewardSource? reward, string? references)
{
    /// <summary>The name of the metric of lengths, in tokens with EOS.</summary>
    public const string Length = "length";

    /// <summary>The name of the metric of scores.</summary>
    public const string Score = "score";

    const int RowsAtOnce = 64;

    /// <param name="name">The model's name.</param>
    /// <param name="prompts">Prompts in tokens.</param>
    /// <param name="seed">The same seed gives the same responses.</param>
    /// <param name="cancellation">Stops the sampling.</param>
    public ModelResponses Draw(string name, IReadOnlyList<TokenPrompt> prompts, int seed, CancellationToken cancellation)
    {
        using var noGrad = Autograd.NoGrad();
        using var random = new RandomSource((ulong)seed, policy.Model.Device);
        var (responses, scores) = (new List<TextResponse>(), new List<double>());
        foreach (var part in prompts.Chunk(RowsAtOnce))
        {
            using var scope = TensorScope.Open();
            var rollouts = policy.Respond(part, random, cancellation: cancellation);
            responses.AddRange(TextResponse.FromRollouts(rollouts, policy.Tokenizer));
            scores.AddRange(reward?.Score(rollouts).Totals ?? []);
        }
        var numbers = new Dictionary<string, IReadOnlyList<double>>(StringComparer.Ordinal)
        {
            [Length] = [.. responses.Select(response => (double)response.Response.Tokens.Length)],
        };
        if (reward is not null)
            numbers[Score] = scores;
        return new(
            name, [.. prompts.Select(prompt => prompt.Text)],
            [.. responses.Select(response => new ReferencedText(
                response.Text, references is null ? [] : response.References(references)))],
            numbers);
    }
}
