using System.Text.Json.Nodes;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models;

/// <summary>
/// Turns a text into one number: a backbone and a linear head, as <c>*ForSequenceClassification</c> with one label. The head starts
/// at N(0, 1/(D+1)), as in Stiennon et al. 2020, https://arxiv.org/abs/2009.01325
/// </summary>
public sealed class RewardModel : Module
{
    readonly Linear head;

    internal RewardModel(JsonObject config, string backboneName, Backbone backbone)
    {
        Config = config;
        Backbone = Register(backboneName, backbone);
        head = Register("score", new Linear(backbone.Width, 1, hasBias: false, initialDeviation: 1 / Math.Sqrt(backbone.Width + 1)));
    }

    /// <summary>The config.json of the checkpoint, unused keys included.</summary>
    public JsonObject Config { get; }

    public Backbone Backbone { get; }

    public Device Device => Backbone.TokenTable.Value.Device;

    /// <summary>The head alone gets its random start; the backbone keeps what it has.</summary>
    public void InitializeHead(RandomSource random) => head.Initialize(random);

    /// <summary>The number at every token: (B, T).</summary>
    public Tensor ScoreTokens(ModelInput input) => head.Forward(Backbone.Forward(input)).Squeeze(-1);

    /// <summary>The number at the last real token of each row: (B). Without a mask that is the last column.</summary>
    public Tensor Score(ModelInput input)
    {
        var hidden = Backbone.Forward(input);                                                      // (B, T, D)
        var length = input.Tokens.Size(1);
        var last = input.Mask is null
            ? Tensor.Full([input.Tokens.Size(0)], length - 1, DType.Int64, hidden.Device)
            : (input.Mask.To(DType.Int64) * Tensor.Arange(0, length, device: hidden.Device)).ArgMax(1);    // (B)
        var rows = Tensor.Arange(0, input.Tokens.Size(0), device: hidden.Device);
        return head.Forward(hidden.At(rows, last)).Squeeze(-1);
    }
}
