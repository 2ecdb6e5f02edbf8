using System.Text.Json.Nodes;
using Attune.Torch;

namespace Attune.Models;

/// <summary>Turns a text into one number: a backbone and a head, as <c>*ForSequenceClassification</c> with one label.</summary>
public sealed class RewardModel : Module
{
    readonly RewardHead head;

    internal RewardModel(JsonObject config, string backboneName, Backbone backbone, RewardHead head)
    {
        Config = config;
        Backbone = Register(backboneName, backbone);
        this.head = Register("", head);
    }

    /// <summary>The config.json of the checkpoint, unused keys included.</summary>
    public JsonObject Config { get; }

    public Backbone Backbone { get; }

    public Device Device => Backbone.TokenTable.Value.Device;

    /// <summary>The names of the head's parameters.</summary>
    public IEnumerable<string> HeadNames => head.NamedParameters().Select(parameter => parameter.Name);

    /// <summary>The head alone gets its random start; the backbone keeps what it has.</summary>
    public void InitializeHead(RandomSource random) => head.Initialize(random);

    /// <summary>The number of each text: (B) float32.</summary>
    public Tensor Score(ModelInput input)
    {
        using var precision = Autocast.To(Backbone.Autocast, Device);
        return head.Score(Backbone.Forward(Backbone.ToJudge(input)), input).To(DType.Float32);
    }

    /// <summary>The number at every token: (B, T) float32.</summary>
    /// <exception cref="InvalidOperationException">The head reads a text as a whole.</exception>
    public Tensor ScoreTokens(ModelInput input)
    {
        using var precision = Autocast.To(Backbone.Autocast, Device);
        return head is LastTokenScore score
            ? score.ScoreTokens(Backbone.Forward(input)).To(DType.Float32)
            : throw new InvalidOperationException("this reward model scores whole texts, not tokens");
    }
}
