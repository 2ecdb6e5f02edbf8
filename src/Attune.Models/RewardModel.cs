using System.Text.Json.Nodes;
using Attune.Models.Backbones;
using Attune.Models.Heads;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models;

/// <summary>
/// Turns a text into one number: a backbone and a head, as <c>*ForSequenceClassification</c> with one label. An ensemble has more heads
/// over the one backbone, under names that transformers passes over, and its number is their mean.
/// </summary>
public sealed class RewardModel : Module
{
    const string Ensemble = "ensemble.head_";

    readonly IReadOnlyList<RewardHead> heads;

    internal RewardModel(JsonObject config, string source, string backboneName, Backbone backbone, Func<RewardHead> newHead)
    {
        Config = config;
        Backbone = Register(backboneName, backbone);
        heads = [.. Enumerable.Range(0, RewardScale.Heads(config, source)).Select(head => Register(NameOf(head), newHead()))];
        Scale = RewardScale.FromConfig(config, source);
    }

    /// <summary>The config.json of the checkpoint, unused keys included.</summary>
    public JsonObject Config { get; }

    public Backbone Backbone { get; }

    public Device Device => Backbone.TokenEmbedding.Value.Device;

    /// <summary>How many heads there are, M.</summary>
    public int HeadCount => heads.Count;

    /// <summary>What makes scores of logits; null where they are the same.</summary>
    public RewardScale? Scale { get; set; }

    /// <summary>The names of the heads' parameters.</summary>
    public IEnumerable<string> HeadNames => heads.SelectMany((head, at) =>
        head.NamedParameters().Select(parameter => at == 0 ? parameter.Name : $"{NameOf(at)}.{parameter.Name}"));

    /// <summary>Whether a tensor is of a head beside the first; a model that does not ask for it passes it over.</summary>
    internal static bool IsOfAnEnsemble(string name) => name.StartsWith(Ensemble, StringComparison.Ordinal);

    /// <summary>Writes the number of heads and the scale into the settings of a model or an adapter.</summary>
    public void DescribeHeads(JsonObject settings) => RewardScale.Write(settings, HeadCount, Scale);

    /// <summary>The heads alone get their random start; the backbone keeps what it has.</summary>
    public void InitializeHead(RandomSource random)
    {
        foreach (var head in heads)
            head.Initialize(random);
    }

    /// <summary>The number of each text: (B) float32; of an ensemble the mean.</summary>
    public Tensor Score(ModelInput input) => ScoreHeads(input).Mean(1);

    /// <summary>The number of each text by each head: (B, M) float32.</summary>
    public Tensor ScoreHeads(ModelInput input)
    {
        using var precision = Autocast.To(Backbone.Autocast, Device);
        var hidden = Backbone.Forward(Backbone.ForScoring(input));
        return Tensor.Stack(1, [.. heads.Select((head, at) => Scaled(head.Score(hidden, input).To(DType.Float32), at))]);
    }

    /// <summary>The number at every token: (B, T) float32; of an ensemble the mean.</summary>
    /// <exception cref="InvalidOperationException">The head reads a text as a whole.</exception>
    public Tensor ScoreTokens(ModelInput input)
    {
        using var precision = Autocast.To(Backbone.Autocast, Device);
        if (heads[0] is not LastTokenRewardHead)
            throw new InvalidOperationException("this reward model scores whole texts, not tokens");
        var hidden = Backbone.Forward(input);
        return Tensor.Stack(2, [.. heads.Cast<LastTokenRewardHead>().Select((head, at) => Scaled(head.ScoreTokens(hidden).To(DType.Float32), at))]).Mean(2);
    }

    static string NameOf(int head) => head == 0 ? "" : $"{Ensemble}{head}";

    Tensor Scaled(Tensor logits, int head) => Scale is null ? logits : (logits - Scale.Shift[head]) / Scale.Scale[head];
}
