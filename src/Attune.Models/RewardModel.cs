using System.Text.Json.Nodes;
using Attune.Models.Backbones;
using Attune.Models.Heads;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models;

/// <summary>
/// Gives a text a score: a backbone and a head, like <c>*ForSequenceClassification</c> with one label. An ensemble has several heads on
/// one backbone, with names that transformers ignores; its score is their mean. A process reward model gives each step of a text two logits
/// instead, like <c>*ForTokenClassification</c> with two labels.
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
        foreach (var head in heads)
            head.ComputeIn(DType.Float32);
        Scale = RewardScale.FromConfig(config, source);
        StepSeparator = RewardScale.StepSeparator(config, source);
    }

    /// <summary>The config.json of the checkpoint, unused keys included.</summary>
    public JsonObject Config { get; }

    public Backbone Backbone { get; }

    public Device Device => Backbone.TokenEmbedding.Value.Device;

    /// <summary>Number of heads, M.</summary>
    public int HeadCount => heads.Count;

    /// <summary>The text that ends a step, of a process reward model; null for a model that scores whole responses.</summary>
    public string? StepSeparator { get; }

    /// <summary>Turns logits into scores; null where they are the same.</summary>
    public RewardScale? Scale { get; set; }

    /// <summary>The names of the heads' parameters.</summary>
    public IEnumerable<string> HeadNames => heads.SelectMany((head, at) =>
        head.NamedParameters().Select(parameter => at == 0 ? parameter.Name : $"{NameOf(at)}.{parameter.Name}"));

    /// <summary>Whether a tensor belongs to a head after the first; models with one head ignore it.</summary>
    internal static bool IsOfAnEnsemble(string name) => name.StartsWith(Ensemble, StringComparison.Ordinal);

    /// <summary>Writes the number of heads, the scale and the separator of steps into the settings of a model or an adapter.</summary>
    public void DescribeHeads(JsonObject settings) => RewardScale.Write(settings, HeadCount, Scale, StepSeparator);

    /// <summary>Initialises only the heads at random.</summary>
    public void InitializeHead(RandomSource random)
    {
        foreach (var head in heads)
            head.Initialize(random);
    }

    /// <summary>Sets the type of the backbone's matrix products; heads compute in float32.</summary>
    public override void ComputeIn(DType dtype) => Backbone.ComputeIn(dtype);

    /// <summary>The score of each text: (B) float32; for an ensemble the mean.</summary>
    public Tensor Score(ModelInput input) => ScoreHeads(input).Mean(1);

    /// <summary>The score of each text from each head: (B, M) float32.</summary>
    public Tensor ScoreHeads(ModelInput input)
    {
        input = Backbone is Decoder ? input.AlignedAtEnd() : input;
        var hidden = Backbone.Forward(Backbone.ForScoring(input));
        return Tensor.Stack(1, [.. heads.Select((head, at) => Scaled(head.Score(hidden, input), at))]);
    }

    /// <summary>(B, T, 2) float32: at every token, the logits of a wrong and of a right step that ends there.</summary>
    /// <exception cref="InvalidOperationException">The model scores whole responses.</exception>
    public Tensor StepLogits(ModelInput input) =>
        heads[0] is StepHead head
            ? head.Logits(Backbone.Forward(input))
            : throw new InvalidOperationException("this reward model scores whole responses, not steps");

    /// <summary>The score at every token: (B, T) float32; for an ensemble the mean.</summary>
    /// <exception cref="InvalidOperationException">The head scores whole texts only.</exception>
    public Tensor ScoreTokens(ModelInput input)
    {
        var hidden = Backbone.Forward(input);
        return Tensor.Stack(2, [.. heads.Select((head, index) => Scaled(head.ScoreTokens(hidden), index))]).Mean(2);
    }

    static string NameOf(int head) => head == 0 ? "" : $"{Ensemble}{head}";

    Tensor Scaled(Tensor logits, int head) => Scale is null ? logits : (logits - Scale.Shift[head]) / Scale.Scale[head];
}
