namespace Attune.Models;

/// <summary>A family of checkpoints: what config.json calls it, and what its classes and its backbone are called.</summary>
/// <param name="Type">The <c>model_type</c> of config.json.</param>
/// <param name="BackboneName">What comes before the names of the backbone's parameters.</param>
/// <param name="LanguageModelClass">The class of <c>architectures</c> with an output head.</param>
/// <param name="RewardModelClass">The class of <c>architectures</c> with a one-label head.</param>
/// <param name="TiedByDefault">What an absent <c>tie_word_embeddings</c> means.</param>
/// <param name="Build">Makes the backbone.</param>
public sealed record ModelFamily(
    string Type, string BackboneName, string LanguageModelClass, string RewardModelClass, bool TiedByDefault, Func<ConfigReader, Backbone> Build)
{
    /// <summary>Every family that Attune reads.</summary>
    public static IReadOnlyList<ModelFamily> All { get; } =
    [
        new("gpt2", "transformer", "GPT2LMHeadModel", "GPT2ForSequenceClassification", TiedByDefault: true, json => new Gpt2(json)),
        new("llama", "model", "LlamaForCausalLM", "LlamaForSequenceClassification", TiedByDefault: false, json => new Llama(json)),
    ];

    /// <exception cref="InvalidDataException">The family is not one of <see cref="All"/>.</exception>
    public static ModelFamily Of(ConfigReader config)
    {
        var type = config.Text("model_type");
        return All.FirstOrDefault(family => family.Type == type)
            ?? throw new InvalidDataException(
                $"{config.Source}: models of type '{type}' are not known; known are {string.Join(", ", All.Select(family => family.Type))}");
    }
}
