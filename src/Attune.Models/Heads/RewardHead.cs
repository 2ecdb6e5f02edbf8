using Attune.Models.Backbones;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Heads;

/// <summary>
/// Turns the hidden states of a text into a score, or into one for each label. Its parameters have the names of checkpoints.
/// </summary>
public abstract class RewardHead : Module
{
    /// <summary>(B, T, D) hidden states of the input → (B) scores; (B, L) for a head with L labels, L above 1.</summary>
    public abstract Tensor Score(Tensor hidden, ModelInput input);

    /// <summary>(…, D) → (…): the score at every token.</summary>
    /// <exception cref="InvalidOperationException">The head scores whole texts only.</exception>
    public virtual Tensor ScoreTokens(Tensor hidden) =>
        throw new InvalidOperationException("this reward model can score whole texts only, not tokens");
}

/// <summary>
/// A linear map of the hidden state at the last real token, as in decoders. Initialised from N(0, 1/(D+1)), as in Stiennon et al. 2020,
/// https://arxiv.org/abs/2009.01325
/// </summary>
public sealed class LastTokenRewardHead : RewardHead
{
    readonly Linear score;

    /// <param name="width">Channels of a hidden state.</param>
    /// <param name="labels">The number of scores.</param>
    public LastTokenRewardHead(long width, int labels = 1) =>
        score = Register("score", new Linear(width, labels, hasBias: false, initialStd: 1 / Math.Sqrt(width + 1)));

    public override Tensor ScoreTokens(Tensor hidden) => score.Forward(hidden).Squeeze(-1);

    /// <summary>The score at the last real token of each row; without a mask, at the last column.</summary>
    public override Tensor Score(Tensor hidden, ModelInput input) => ScoreTokens(LastStates(hidden, input));

    /// <summary>
    /// (B, T, D) → (B, D): the hidden state at the last real token of each row. (B, 1, D) are those states already.
    /// </summary>
    public static Tensor LastStates(Tensor hidden, ModelInput input)
    {
        if (hidden.Size(1) == 1)
            return hidden.Select(1, 0);
        var (rows, length) = (hidden.Size(0), hidden.Size(1));
        var last = input.AttentionMask is null
            ? Tensor.Full([rows], length - 1, DType.Int64, hidden.Device)
            : (input.AttentionMask.To(DType.Int64) * Tensor.Arange(0, length, device: hidden.Device)).ArgMax(1);    // (B)
        return hidden.Index(Tensor.Arange(0, rows, device: hidden.Device), last);
    }
}
