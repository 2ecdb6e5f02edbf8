using Attune.Data;
using Attune.Generation;
using Attune.Torch;

namespace Attune.Training.Policies;

/// <summary>Responses that a policy sampled, with their log-probabilities and values: B rows of at most T tokens.</summary>
/// <param name="Prompts">B; a prompt with several responses is repeated.</param>
/// <param name="Completions">B responses, in tokens.</param>
/// <param name="Mask">(B, T) bool, true at the tokens that the policy sampled, false at padding and at replies between turns.</param>
/// <param name="Logprobs">(B, T) under the distribution they were sampled from; 0 at padding.</param>
/// <param name="Values">(B, T): the critic's estimate before each token, 0 at padding; null without a critic.</param>
public sealed record Rollouts(
    IReadOnlyList<TokenPrompt> Prompts, IReadOnlyList<Response> Completions, Tensor Mask, Tensor Logprobs, Tensor? Values)
    : Responses(Prompts, [.. Completions.Select(completion => completion.Tokens)], Mask)
{
    /// <summary>Responses to each prompt, which are adjacent rows; 1 for selected rows, which have no groups.</summary>
    public int GroupSize { get; init; } = 1;

    /// <summary>How many responses of each group, the last ones, another policy sampled.</summary>
    public int Opponents { get; init; }

    /// <summary>The rows that the policy itself sampled.</summary>
    public int[] OwnRows => [.. Enumerable.Range(0, Count).Where(row => row % GroupSize < GroupSize - Opponents)];

    /// <summary>(B, T): log-probabilities of the same tokens under the reference, 0 at padding; null without a reference.</summary>
    public Tensor? RefLogprobs { get; init; }

    /// <summary>(B, T): KL in nats from the reference at each token, 0 at padding; null without a reference.</summary>
    public Tensor? Kl { get; init; }

    /// <summary>(B, T): entropy in nats of the distribution of each token when it was sampled; null where it was not requested.</summary>
    public Tensor? Entropy { get; init; }

    /// <summary>(B, T): what the policy loss is multiplied by; null where the policy's own log-probabilities were sampled from.</summary>
    public Tensor? ImportanceWeights { get; init; }

    /// <summary>
    /// B scores, after the score pipeline: for each response that of the most likely one to its prompt, token by token; null where they
    /// were not requested.
    /// </summary>
    public double[]? GreedyScores { get; init; }

    /// <summary>(B, T) bool: true at the tokens of responses that ended, false where a response was cut off, and at padding.</summary>
    public Tensor EndedMask =>
        Mask & Tensor.From(Completions.Select(completion => completion.Ended).ToArray(), Count, 1).To(Mask.Device);

    /// <summary>Pads sampled responses on the right.</summary>
    /// <param name="prompts">Each prompt once.</param>
    /// <param name="completions">The responses, equally many to each prompt, those of a prompt adjacent.</param>
    /// <param name="device">The device of the tensors.</param>
    public static Rollouts From(IReadOnlyList<TokenPrompt> prompts, IReadOnlyList<Response> completions, Device device)
    {
        var groupSize = completions.Count / prompts.Count;
        var mask = MaskOf([.. completions.Select(completion => completion.Tokens)], (row, at) => completions[row].IsSampled(at), device);
        var hasValues = completions.All(completion => completion.Values.Length == completion.Tokens.Length);
        return new(
            [.. prompts.SelectMany(prompt => Enumerable.Repeat(prompt, groupSize))], completions, mask,
            Padded(completions.Select(completion => completion.Logprobs), mask),
            hasValues ? Padded(completions.Select(completion => completion.Values), mask) : null)
        {
            GroupSize = groupSize,
        };
    }

    /// <summary>A policy loss (B, T), multiplied by the importance weights where there are any.</summary>
    public Tensor Weigh(Tensor policyLoss) => ImportanceWeights is null ? policyLoss : policyLoss * ImportanceWeights;

    /// <summary>These responses, with a response of another policy to each prompt at the end of each group.</summary>
    /// <param name="opponents">A response to each prompt.</param>
    public Rollouts WithOpponents(Rollouts opponents) => From(
        opponents.Prompts,
        [.. Completions.Chunk(GroupSize).Zip(opponents.Completions, (own, other) => own.Append(other)).SelectMany(group => group)],
        Mask.Device) with { Opponents = 1 };

    /// <summary>The responses that the policy itself sampled.</summary>
    public Rollouts WithoutOpponents() =>
        Opponents == 0 ? this : Select(OwnRows) with { GroupSize = GroupSize - Opponents };

    /// <summary>The mask, where there are replies between turns; else null.</summary>
    public Tensor? TurnMask => Completions.Any(completion => completion.Sampled is not null) ? Mask : null;

    public override bool IsLearned(int row, int at) => Completions[row].IsSampled(at);

    public override Rollouts Select(int[] rows)
    {
        var selection = new RowSelection(this, rows);
        return new(selection.Pick(Prompts), selection.Pick(Completions), selection.Pick(Mask), selection.Pick(Logprobs), PickOrNull(Values))
        {
            RefLogprobs = PickOrNull(RefLogprobs),
            Kl = PickOrNull(Kl),
            Entropy = PickOrNull(Entropy),
            ImportanceWeights = PickOrNull(ImportanceWeights),
            FrozenActivations = FrozenActivations?.Select(selection, rows.Max(row => TextLengths[row])),
        };

        Tensor? PickOrNull(Tensor? tensor) => tensor is null ? null : selection.Pick(tensor);
    }
}
