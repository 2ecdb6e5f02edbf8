using System.Text.Json.Nodes;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Checkpoints;

/// <summary>Adds embeddings for tokens that were added to a tokenizer.</summary>
public static class VocabularyGrowth
{
    /// <summary>
    /// The same model with more rows in its token embedding and output matrix, each new one the mean of the others (Hewitt 2021,
    /// https://nlp.stanford.edu/~johnhew/vocab-expansion.html). It takes over the parameters of the first model.
    /// </summary>
    /// <param name="model">A decoder.</param>
    /// <param name="rows">The size of the vocabulary; the model itself is returned if it has as many.</param>
    public static LanguageModel Grow(LanguageModel model, long rows)
    {
        var before = model.Backbone.VocabularySize;
        if (rows <= before)
            return model;
        var config = model.Config.DeepClone().AsObject();
        config["vocab_size"] = rows;
        var grown = ModelCopy.EmptyLike(model, config);
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        var own = model.NamedParameters().ToDictionary(parameter => parameter.Name, parameter => parameter.Value, StringComparer.Ordinal);
        foreach (var (name, parameter) in grown.NamedParameters())
            TakeOver(own[name], parameter);
        grown.GenerationConfig = model.GenerationConfig;
        return grown;
    }

    /// <summary>Sets the end-of-sequence token, and keeps those of generation_config.json after it.</summary>
    public static void SetEos(LanguageModel model, int id)
    {
        var ids = new JsonArray([.. model.EosIds.Prepend(id).Distinct().Select(eos => (JsonNode)eos)]);
        model.Config["eos_token_id"] = id;
        if (model.GenerationConfig is { } generation)
            generation["eos_token_id"] = ids.Count == 1 ? id : ids;
    }

    static void TakeOver(Parameter old, Parameter parameter)
    {
        parameter.StoredDType = old.StoredDType;
        if (parameter.Shape.SequenceEqual(old.Shape))
        {
            parameter.Value = old.Value;
            return;
        }
        var value = old.Value.Detach();
        long[] added = [.. parameter.Shape];
        added[0] -= old.Shape[0];
        parameter.Value = Tensor.Concatenate(0, value, value.To(DType.Float32).Mean(0, keepDim: true).To(value.DType).Expand(added));
        old.Value.Dispose();
    }
}
