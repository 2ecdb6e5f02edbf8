using Attune.Models;
using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
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
    readonly LanguageModel twin;
    readonly Decoder decoder;
    readonly ValueHead head;

    /// <param name="policy">The model that it branches off from.</param>
    /// <param name="layers">Top layers of its own.</param>
    /// <param name="random">Draws the start of the head.</param>
    /// <exception cref="InvalidDataException">The model has no such layers.</exception>
    public BranchCritic(LanguageModel policy, int layers, RandomSource random)
    {
        if (policy.Backbone is not Decoder own || own.Layers < layers)
            throw new InvalidDataException(
                $"critic.layers: at most the layers of a decoder were expected, found {layers}; {policy.Config["model_type"]} has {(policy.Backbone as Decoder)?.Layers ?? 0}");
        BranchLayer = own.Layers - layers;
        var top = own.ParametersFrom(own.Layers - layers).ToHashSet();
        twin = Pretrained.CloneSharing(policy, (_, parameter) => top.Contains(parameter));
        decoder = (Decoder)twin.Backbone;
        head = twin.AddValueHead();
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
            return twin.NamedParameters().Where(parameter => upper.Contains(parameter.Value)).Select(parameter => ($"critic.{parameter.Name}", parameter.Value));
        }
    }

    public override Tensor Values(ForwardPass pass)
    {
        using var precision = Autocast.To(decoder.Autocast, twin.Device);
        var hidden = decoder.ForwardFrom(BranchLayer!.Value, pass.StatesBelow(BranchLayer!.Value), pass.Input);             // (B, W, D)
        return head.Forward(pass.AtResponses(hidden)).To(DType.Float32);
    }
}
