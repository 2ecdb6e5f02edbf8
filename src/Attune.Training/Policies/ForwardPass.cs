using Attune.Models;
using Attune.Models.Backbones;
using Attune.Torch;

namespace Attune.Training.Policies;

/// <summary>
/// One forward pass of a policy's model over prompts and responses. Layers run when their states are first asked for, and once: a critic
/// that branches off in the middle shares what is below.
/// </summary>
/// <param name="model">The policy's model.</param>
/// <param name="input">(B, W) tokens of prompts and responses.</param>
/// <param name="positions">(N): for each response token, the position in the flattened (B · W) that it is predicted from.</param>
/// <param name="frozen">The activations of the frozen layers; null to compute them.</param>
/// <param name="withGradient">Whether the states have a graph that leads to the policy's parameters.</param>
public sealed class ForwardPass(LanguageModel model, ModelInput input, Tensor positions, FrozenActivations? frozen, bool withGradient)
{
    (int Layer, Tensor Hidden)? deepest = frozen is null ? null : (frozen.Layer, frozen.Hidden);

    public ModelInput Input => input;

    /// <summary>(N, D) last hidden states, each the one that a response token is predicted from.</summary>
    public Tensor LastStates => field ??= AtResponses(Run(RunToEnd));

    /// <summary>(B, W, D) hidden states below a layer of a decoder, counted from 0.</summary>
    public Tensor StatesBelow(int layer) => Run(() => RunTo(layer));

    /// <summary>
    /// Selects the positions that response tokens are predicted from: (B, W, …) → (N, …). The first columns of W may be missing.
    /// </summary>
    public Tensor AtResponses(Tensor all)
    {
        var (rows, missing) = (all.Size(0), input.Tokens.Size(1) - all.Size(1));
        var cells = missing == 0
            ? positions
            : (positions.Reshape(rows, -1) - (Tensor.Arange(1, rows + 1, device: positions.Device) * missing).Unsqueeze(1)).Reshape(-1);
        return all.Reshape([-1, .. all.Shape[2..]]).IndexSelect(0, cells);
    }

    /// <summary>(N, V) logits of another model, which shares the frozen layers, at the same positions, without a gradient.</summary>
    public Tensor LogitsOf(LanguageModel other)
    {
        using var noGrad = Autograd.NoGrad();
        return other.Logits(new ForwardPass(other, input, positions, frozen, withGradient: false).LastStates);
    }

    Tensor Run(Func<Tensor> layers)
    {
        if (withGradient)
            return layers();
        using var noGrad = Autograd.NoGrad();
        return layers();
    }

    Tensor RunTo(int layer)
    {
        var decoder = (Decoder)model.Backbone;
        var states = deepest is var (from, hidden) ? decoder.ForwardBetween(from, layer, hidden, input) : decoder.ForwardTo(layer, input);
        deepest = (layer, states);
        return deepest.Value.Hidden;
    }

    /// <summary>(B, W, D) last hidden states, computed from the deepest ones that are known.</summary>
    Tensor RunToEnd()
    {
        if (deepest is not var (layer, hidden))
            return model.HiddenStates(input);
        var decoder = (Decoder)model.Backbone;
        return decoder.ForwardFrom(layer, hidden, input);
    }
}
