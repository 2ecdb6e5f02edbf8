using Attune.Models;
using Attune.Torch;

namespace Attune.Training.Critics;

/// <summary>Prompts and responses as a policy has read them.</summary>
/// <param name="Input">(B, W) tokens.</param>
/// <param name="Cells">(N): the cell of the flattened (B · W) that stands before each response token.</param>
/// <param name="Beneath">(B, W, D) hidden states where the critic branches off, if it does.</param>
/// <param name="States">(N, D) last hidden states of the policy in these cells.</param>
public sealed record Reading(ModelInput Input, Tensor Cells, Tensor? Beneath, Tensor States)
{
    /// <summary>(B, W, …) → (N, …)</summary>
    public static Tensor Pick(Tensor all, Tensor cells) => all.Reshape([-1, .. all.Shape[2..]]).IndexSelect(0, cells);
}
