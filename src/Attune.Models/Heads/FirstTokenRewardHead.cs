using Attune.Models.Backbones;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Heads;

/// <summary>
/// A score from the hidden state of the first column, through a dense layer, as in encoders: their texts start with a classification
/// token and are padded on the right. The last layer is initialised from N(0, 1/(D+1)), like <see cref="LastTokenRewardHead"/>.
/// </summary>
sealed class FirstTokenRewardHead : RewardHead
{
    readonly Linear pooler;
    readonly Linear score;
    readonly Dropout dropout;
    readonly Activation activation;

    /// <param name="width">Channels of a hidden state.</param>
    /// <param name="labels">The number of scores.</param>
    /// <param name="poolerName">The dense layer's name in checkpoints.</param>
    /// <param name="scoreName">The last layer's name in checkpoints.</param>
    /// <param name="activation">Applied between the two layers.</param>
    /// <param name="dropout">Applied before the last layer.</param>
    public FirstTokenRewardHead(
        long width, int labels, string poolerName, string scoreName, Activation activation, double dropout)
    {
        this.activation = activation;
        pooler = Register(poolerName, new Linear(width, width, hasBias: true, initialStd: 0.02));
        score = Register(scoreName, new Linear(width, labels, hasBias: true, initialStd: 1 / Math.Sqrt(width + 1)));
        this.dropout = Register("dropout", new Dropout(dropout));
    }

    public override Tensor Score(Tensor hidden, ModelInput input) =>
        score.Forward(dropout.Forward(activation.Forward(pooler.Forward(hidden.Select(1, 0))))).Squeeze(-1);
}
