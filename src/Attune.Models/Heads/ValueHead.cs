using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Heads;

/// <summary>
/// A linear map from hidden states to values, with the names of TRL's checkpoints (<c>v_head.summary.*</c>). Initialised to 0, as in
/// Huang et al. 2023, "The N Implementation Details of RLHF with PPO".
/// </summary>
public sealed class ValueHead : Module
{
    readonly Linear summary;

    public ValueHead(long width) => summary = Register("summary", new Linear(width, 1, hasBias: true, initialStd: 0));

    /// <summary>(…, D) → (…), in the head's own type for any type of hidden states.</summary>
    public Tensor Forward(Tensor hidden) => summary.Forward(hidden.To(summary.Weight.Value.DType)).Squeeze(-1);
}
