using Attune.Models.Backbones;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Heads;

/// <summary>
/// The head of a process reward model: at every token the logits of a wrong step (class 0) and of a right step (class 1) that ends there,
/// like <c>*ForTokenClassification</c> with two labels. Weights are initialised from N(0, 0.02²), as in transformers.
/// </summary>
public sealed class StepHead : RewardHead
{
    readonly Linear classifier;

    /// <param name="width">Channels of a hidden state.</param>
    /// <param name="name">The layer's name in checkpoints.</param>
    public StepHead(long width, string name) => classifier = Register(name, new Linear(width, 2, hasBias: true, initialStd: 0.02));

    /// <summary>(…, D) → (…, 2)</summary>
    public Tensor Logits(Tensor hidden) => classifier.Forward(hidden);

    /// <summary>(…, D) → (…): the log-odds at every token that a step that ends there is right.</summary>
    public override Tensor ScoreTokens(Tensor hidden)
    {
        var logits = Logits(hidden);
        return logits.Select(-1, 1) - logits.Select(-1, 0);
    }

    /// <summary>The log-odds of the last step of each row.</summary>
    public override Tensor Score(Tensor hidden, ModelInput input) => ScoreTokens(LastTokenRewardHead.LastStates(hidden, input));
}
