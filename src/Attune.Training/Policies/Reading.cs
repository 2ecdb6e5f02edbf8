using Attune.Models;
using Attune.Models.Backbones;
using Attune.Torch;

namespace Attune.Training.Policies;

/// <summary>Prompts and responses as a policy has read them.</summary>
/// <param name="Input">(B, W) tokens.</param>
/// <param name="Cells">(N): the cell of the flattened (B · W) that stands before each response token.</param>
/// <param name="Beneath">(B, W, D) hidden states where the critic branches off, if it does.</param>
/// <param name="States">(N, D) last hidden states of the policy in these cells, where somebody looks at them.</param>
public sealed record Reading(ModelInput Input, Tensor Cells, Tensor? Beneath, Tensor? States)
{
    /// <summary>What stands in the cells: (B, W, …) → (N, …). Of the first columns of W some may be missing.</summary>
    public Tensor Pick(Tensor all) => Pick(all, Input, Cells);

    /// <inheritdoc cref="Pick(Tensor)"/>
    public static Tensor Pick(Tensor all, ModelInput input, Tensor cells)
    {
        var (rows, missing) = (all.Size(0), input.Tokens.Size(1) - all.Size(1));
        if (missing > 0)
            cells = (cells.Reshape(rows, -1) - (Tensor.Arange(1, rows + 1, device: cells.Device) * missing).Unsqueeze(1)).Reshape(-1);
        return all.Reshape([-1, .. all.Shape[2..]]).IndexSelect(0, cells);
    }
}
