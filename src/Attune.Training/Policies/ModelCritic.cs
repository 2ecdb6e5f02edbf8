using Attune.Models;
using Attune.Models.Backbones;
using Attune.Models.Layers;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Parameters;

namespace Attune.Training.Policies;

/// <summary>
/// A separate model, initialised as a reward model: it has learned to score whole responses, and learns to score partial ones. Stiennon
/// et al. 2020, section 3.4, https://arxiv.org/abs/2009.01325
/// </summary>
public sealed class ModelCritic : Critic
{
    readonly RewardModel model;
    readonly Tokenizer tokenizer;

    /// <exception cref="InvalidDataException">The model is not a decoder, or its tokenizer differs from the policy's.</exception>
    public ModelCritic(RewardModel model, Tokenizer tokenizer, Tokenizer policyTokenizer, string folder)
    {
        if (model.Backbone.Kind != BackboneKind.Decoder)
            throw new InvalidDataException(
                $"`critic.model` must be a decoder (was {folder}, a {model.Config["model_type"]}, which scores whole texts); or set "
                    + "critic.kind to head or branch.");
        if (!tokenizer.HasSameTokensAs(policyTokenizer))
            throw new InvalidDataException($"`critic.model` must have the policy's tokenizer (was {folder}, which has another one).");
        (this.model, this.tokenizer) = (model, tokenizer);
        model.SetTrainable(true);
    }

    public override IEnumerable<(string Name, Parameter Value)> Parameters =>
        model.NamedParameters().Select(parameter => ($"critic.{parameter.Name}", parameter.Value));

    public override Tensor Values(ForwardPass pass) => pass.AtResponses(model.ScoreTokens(pass.Input));

    public override void Save(string folder) => ModelFolder.Save(Path.Combine(folder, "critic"), model, tokenizer);
}
