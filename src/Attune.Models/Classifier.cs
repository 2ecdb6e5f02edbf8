using System.Globalization;
using Attune.Models.Backbones;
using Attune.Models.Families;
using Attune.Models.Heads;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models;

/// <summary>Gives a text one logit for each of several labels: a backbone and a head, like <c>*ForSequenceClassification</c>.</summary>
public sealed class Classifier : Module
{
    const string LabelsKey = "id2label";

    readonly RewardHead head;

    internal Classifier(string backboneName, Backbone backbone, RewardHead head, IReadOnlyList<string> labels, bool isMultiLabel)
    {
        Backbone = Register(backboneName, backbone);
        this.head = Register("", head);
        head.ComputeIn(DType.Float32);
        (Labels, MultiLabel) = (labels, isMultiLabel);
    }

    public Backbone Backbone { get; }

    public Device Device => Backbone.TokenEmbedding.Value.Device;

    /// <summary>The names of the labels, <c>id2label</c> of config.json.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>
    /// Whether a text may have several labels (<c>problem_type</c> of config.json, or one label): each has a probability of its own.
    /// Otherwise the probabilities of the labels add up to 1.
    /// </summary>
    public bool MultiLabel { get; }

    /// <summary>(B, L) float32: the logits of the labels.</summary>
    public Tensor Logits(ModelInput input) =>
        head.Score(Backbone.Forward(Backbone.ForScoring(input)), input).Reshape(-1, Labels.Count);

    /// <summary>The labels in a config.json; two without names where it has none, as in transformers.</summary>
    /// <exception cref="InvalidDataException">The labels are not numbered from 0.</exception>
    internal static IReadOnlyList<string> LabelsFrom(ConfigReader json)
    {
        if (json.Inner(LabelsKey) is not { } labels)
            return [.. Enumerable.Range(0, 2).Select(id => $"LABEL_{id}")];
        string[] ids = [.. Enumerable.Range(0, labels.Keys.Count()).Select(id => id.ToString(CultureInfo.InvariantCulture))];
        return ids.Length > 0 && ids.All(labels.Has)
            ? Array.ConvertAll(ids, id => labels.Text(id))
            : throw new InvalidDataException($"{json.Source}: '{LabelsKey}' must name labels that are numbered from 0");
    }

    internal static bool IsMultiLabel(ConfigReader json) =>
        json.Text("problem_type", "") == "multi_label_classification" || LabelsFrom(json).Count == 1;
}
