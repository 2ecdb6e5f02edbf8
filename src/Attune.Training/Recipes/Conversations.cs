using Attune.Data;
using Attune.Models;
using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
using Attune.Text;
using Attune.Training.Parameters;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>
/// The chat template of conversations if the model has none: ChatML. It is saved with the model, so that generation uses the template that
/// the model was trained with.
/// </summary>
static class Conversations
{
    /// <summary>The tokenizer with a chat template if the data has conversations. ChatML's markers stay ordinary text.</summary>
    public static Tokenizer WithTemplate(this Tokenizer tokenizer, DataOptions data, Run run)
    {
        if (!NeedsTemplate(tokenizer, data, run))
            return tokenizer;
        run.Notice("the model has no chat template: conversations are written as ChatML, which is saved with the model");
        return tokenizer.WithChatMl(specialTokens: false);
    }

    /// <summary>
    /// The same for a model that is trained as a whole: <c>&lt;|im_start|&gt;</c> and <c>&lt;|im_end|&gt;</c> become special tokens with
    /// embeddings of their own, and the second ends responses.
    /// </summary>
    public static (LanguageModel Model, Tokenizer Tokenizer) WithTemplate(
        LanguageModel model, Tokenizer tokenizer, DataOptions data, ParameterOptions parameters, Run run)
    {
        if (model.Backbone.Kind != BackboneKind.Decoder || !parameters.TrainsAll || !NeedsTemplate(tokenizer, data, run))
            return (model, tokenizer.WithTemplate(data, run));
        var chat = tokenizer.WithChatMl(specialTokens: true);
        var grown = VocabularyGrowth.Grow(model, ChatTemplate.ChatMlTokens.Max(token => chat.TokenToId(token)!.Value) + 1);
        VocabularyGrowth.SetEos(grown, chat.EosId!.Value);
        run.Notice("the model has no chat template: conversations are written as ChatML, which is saved with the model. "
            + $"{string.Join(" and ", ChatTemplate.ChatMlTokens)} are special tokens"
            + (grown == model ? "" : $"; the model has {grown.Backbone.VocabularySize:N0} embeddings now"));
        return (grown, chat);
    }

    static bool NeedsTemplate(Tokenizer tokenizer, DataOptions data, Run run) =>
        tokenizer.ChatTemplate is null && data.Examples(run).FirstOrDefault() is ChatExample or ChatComparisonExample;
}
