using Attune.Models;
using Attune.Models.Backbones;
using Attune.Models.Heads;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Training.Policies;

/// <summary>
/// Separate top layers with a head over the lower layers of the policy, as trlX's value branch (<c>num_value_layers_unfrozen</c>). They
/// are initialised as copies of the policy's top layers.
/// </summary>
public sealed class BranchCritic : Critic
{
    readonly LanguageModel clone;
    readonly Decoder decoder;
    readonly ValueHead head;

    /// <param name="policy">The model whose lower layers it shares.</param>
    /// <param name="layers">How many top layers are separate.</param>
    /// <param name="random">The random source for the initial weights of the head.</param>
    /// <exception cref="InvalidDataException">The model is not a decoder, or has fewer layers.</exception>
    public BranchCritic(LanguageModel policy, int layers, RandomSource random)
    {
        if (policy.Backbone is not Decoder policyDecoder || policyDecoder.Layers < layers)
            throw new InvalidDataException(
                $"`critic.layers` must be at most the layers of the policy's decoder, {(policy.Backbone as Decoder)?.Layers ?? 0} "
                + $"for this {policy.Config["model_type"]} (was {layers}).");
        BranchLayer = policyDecoder.Layers - layers;
        var top = policyDecoder.ParametersFrom(policyDecoder.Layers - layers).ToHashSet();
        clone = ModelCopy.Sharing(policy, (_, parameter) => top.Contains(parameter));
        decoder = (Decoder)clone.Backbone;
        clone.RemoveHead(ValueHead.Name);
        head = clone.AddValueHead();
        head.Initialize(random);
        foreach (var (_, parameter) in Parameters)
            parameter.Trainable = true;
    }

    public override int? BranchLayer { get; }

    public override IEnumerable<(string Name, Parameter Value)> Parameters
    {
        get
        {
            var upper = decoder.ParametersFrom(BranchLayer!.Value).Concat(head.Parameters).ToHashSet();
            return clone.NamedParameters().Where(parameter => upper.Contains(parameter.Value))
                .Select(parameter => ($"critic.{parameter.Name}", parameter.Value));
        }
    }

    public override Tensor Values(ForwardPass pass)
    {
        var hidden = decoder.ForwardFrom(BranchLayer!.Value, pass.StatesBelow(BranchLayer!.Value), pass.Input);             // (B, W, D)
        return head.Forward(pass.AtResponses(hidden)).To(DType.Float32);
    }
}
