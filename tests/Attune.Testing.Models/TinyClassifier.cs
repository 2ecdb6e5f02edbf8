using System.Text.Json.Nodes;
using Attune.Models;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Torch;

namespace Attune.Testing.Models;

/// <summary>Classifiers of texts whose logits are known: those of a reward model, times a factor for each label.</summary>
public static class TinyClassifier
{
    /// <summary>A small encoder with random weights, with a tokenizer of words.</summary>
    public static string Write(string folder, params (string Label, double Factor)[] labels)
    {
        using var random = new RandomSource(3);
        var shape = new ModelShape { Family = "bert", Layers = 2, Width = 32, Heads = 4, Context = 24 };
        var tokenizer = TinyData.WordPieces;
        var config = shape.ToConfig(tokenizer.VocabularySize, tokenizer.BosId, tokenizer.EosId, tokenizer.PadId);
        Write(folder, Pretrained.NewRewardModel(config, random), labels);
        tokenizer.Save(folder);
        return folder;
    }

    /// <summary>A model with a head for each label.</summary>
    public static void Write(string folder, RewardModel model, params (string Label, double Factor)[] labels)
    {
        using var scope = TensorScope.Open();
        Directory.CreateDirectory(folder);
        var config = model.Config.DeepClone().AsObject();
        config["id2label"] = new JsonObject(labels.Select((label, id) => KeyValuePair.Create($"{id}", (JsonNode?)label.Label)));
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        var heads = model.HeadNames.ToHashSet();
        Safetensors.Write(Path.Combine(folder, "model.safetensors"), model.NamedParameters().Select(parameter =>
            (parameter.Name, heads.Contains(parameter.Name) && parameter.Value.Shape[0] == 1
                ? Tensor.Concatenate(0, [.. labels.Select(label => parameter.Value.Value.Detach() * label.Factor)])
                : parameter.Value.Value.Detach())));
    }
}
