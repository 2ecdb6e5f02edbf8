using Attune.Models.Backbones;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Heads;

/// <summary>
/// A number from the hidden state of the first column, through a dense layer, as encoders have it: texts begin with a token that stands
/// for the whole, and are padded on the right. The last layer starts at N(0, 1/(D+1)), like that of <see cref="LastTokenRewardHead"/>.
/// </summary>
sealed class FirstTokenRewardHead : RewardHead
{
    readonly Linear pooler;
    readonly Linear score;
    readonly Dropout dropout;
    readonly Func<Tensor, Tensor> activation;

    /// <param name="width">Channels of a hidden state.</param>
    /// <param name="poolerName">What checkpoints call the dense layer.</param>
    /// <param name="scoreName">What they call the last one.</param>
    /// <param name="activation">Between the two.</param>
    /// <param name="dropout">Before the last one.</param>
    public FirstTokenRewardHead(long width, string poolerName, string scoreName, Func<Tensor, Tensor> activation, double dropout)
    {
        this.activation = activation;
        pooler = Register(poolerName, new Linear(width, width, hasBias: true, initialDeviation: 0.02));
        score = Register(scoreName, new Linear(width, 1, hasBias: true, initialDeviation: 1 / Math.Sqrt(width + 1)));
        this.dropout = Register("dropout", new Dropout(dropout));
    }

    public override Tensor Score(Tensor hidden, ModelInput input) =>
        score.Forward(dropout.Forward(activation(pooler.Forward(hidden.Select(1, 0))))).Squeeze(-1);
}
