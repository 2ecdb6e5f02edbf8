using Attune.Models;
using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
using Attune.Text;
using Attune.Training.Parameters;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>
/// How a method writes conversations for a model: by the chat template of its tokenizer, or as ChatML if it has none. ChatML is saved with
/// the trained model, so that generation uses the template that the model was trained with.
/// </summary>
/// <param name="Tokenizer">The tokenizer with a chat template.</param>
/// <param name="AddsTokens">Whether the markers of ChatML become special tokens, for which the model needs embeddings.</param>
/// <param name="Description">What was decided for a model without a template; empty for a model with one.</param>
public sealed record Conversations(Tokenizer Tokenizer, bool AddsTokens, string Description)
{
    const string Written = "conversations are written as ChatML, which is saved with the model";

    static readonly string Markers = string.Join(" and ", ChatTemplate.ChatMlTokens);

    /// <summary>The format of a model without a template, or with one.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="method">The method.</param>
    /// <param name="parameters">What the method trains.</param>
    /// <param name="kind">The model's architecture; null, where it is not known, counts as a decoder.</param>
    public static Conversations For(Tokenizer tokenizer, TrainingMethod method, ParameterOptions parameters, BackboneKind? kind)
    {
        if (tokenizer.ChatTemplate is not null)
            return new(tokenizer, AddsTokens: false, "");
        if (Obstacle(method, parameters, kind) is not { } obstacle)
            return new(tokenizer.WithChatMl(specialTokens: true), AddsTokens: true,
                $"{Written}. {Markers} are special tokens, and the second ends responses");
        var chat = tokenizer.WithChatMl(specialTokens: false);
        var end = tokenizer.IdToToken(tokenizer.EosId ?? -1) is { } eos ? $"; responses end with {eos}" : "";
        return new(chat, AddsTokens: false, ChatTemplate.ChatMlTokens.All(token => tokenizer.TokenToId(token) is not null)
            ? $"{Written}. {Markers} are tokens of its vocabulary{end}"
            : $"{Written}. {Markers} are ordinary text and no special tokens, because {obstacle}{end}. To make them special tokens, "
                + "fine-tune the whole model on conversations first, with `attune sft`");
    }

    /// <summary>Why the markers cannot become special tokens; null where they can.</summary>
    static string? Obstacle(TrainingMethod method, ParameterOptions parameters, BackboneKind? kind) =>
        method.Name != "sft" ? $"{method.Name} adds no embeddings to a model"
        : kind is not (null or BackboneKind.Decoder) ? "embeddings are added to decoders only"
        : !parameters.TrainsAll ? "new embeddings need training, and only a part of the model is trained"
        : null;

    string Notice => $"the model has no chat template: {Description}";

    /// <summary>How many embeddings the model has in training.</summary>
    /// <param name="before">How many it has before.</param>
    public long Embeddings(long before) =>
        AddsTokens ? Math.Max(before, ChatTemplate.ChatMlTokens.Max(token => Tokenizer.TokenToId(token)!.Value) + 1) : before;

    /// <summary>The tokenizer of a run, with ChatML if its data has conversations and it has no template.</summary>
    internal static Tokenizer Prepare(Tokenizer tokenizer, IRecipe recipe, ParameterOptions parameters, Run run)
    {
        if (tokenizer.ChatTemplate is not null || !recipe.Data.HasConversations())
            return tokenizer;
        var format = For(tokenizer, MethodCatalog.For(recipe), parameters, kind: null);
        run.Notice(format.Notice);
        return format.Tokenizer;
    }

    /// <summary>The same for fine-tuning, with the model, which may get embeddings for new tokens.</summary>
    internal static (LanguageModel Model, Tokenizer Tokenizer) Prepare(
        LanguageModel model, Tokenizer tokenizer, IRecipe recipe, ParameterOptions parameters, Run run)
    {
        if (tokenizer.ChatTemplate is not null || !recipe.Data.HasConversations())
            return (model, tokenizer);
        var format = For(tokenizer, MethodCatalog.For(recipe), parameters, model.Backbone.Kind);
        var grown = VocabularyGrowth.Grow(model, format.Embeddings(model.Backbone.VocabularySize));
        if (format.AddsTokens)
            VocabularyGrowth.SetEos(grown, format.Tokenizer.EosId!.Value);
        run.Notice(format.Notice + (grown == model ? "" : $"; the model has {grown.Backbone.VocabularySize:N0} embeddings now"));
        return (grown, format.Tokenizer);
    }
}
