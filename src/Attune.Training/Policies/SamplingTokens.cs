using Attune.Generation;
using Attune.Models;
using Attune.Text;
using Attune.Training.Parameters;

namespace Attune.Training.Policies;

/// <summary>Encodes the texts of sampling options.</summary>
public static class SamplingTokens
{
    /// <summary>
    /// The options with token ids instead of texts, in which ids that are no tokens of the tokenizer are forbidden; a negative prompt is
    /// encoded like a prompt. A model of ILQL adds the advantage that it was saved with.
    /// </summary>
    public static SamplingOptions InTokens(this SamplingOptions options, LanguageModel model, Tokenizer tokenizer)
    {
        var ids = Enumerable.Range(0, (int)model.Backbone.VocabularySize);
        return AdvantageFilter.Resolve(options, model)
            .WithTokens(text => tokenizer.Encode(text), Prompt, [.. ids.Where(id => tokenizer.IdToToken(id) is null)]);

        int[] Prompt(string text) =>
            tokenizer.NewEncoder(model.Backbone).EncodePrompt(new("negativePrompt", 1), text, room: 0)!.Tokens;
    }
}
