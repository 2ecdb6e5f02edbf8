using Attune.Data;
using Attune.Generation;
using Attune.Models;
using Attune.Text;

namespace Attune.Training.Policies;

/// <summary>Encodes the texts of sampling options.</summary>
public static class SamplingTokens
{
    /// <summary>The options with token ids instead of texts; a negative prompt is encoded like a prompt.</summary>
    public static SamplingOptions InTokens(this SamplingOptions options, LanguageModel model, Tokenizer tokenizer)
    {
        return options.WithTokens(text => tokenizer.Encode(text), Prompt);

        int[] Prompt(string text) =>
            new TextEncoder(tokenizer, (int)model.Backbone.ContextLength, startToken: model.Backbone.StartToken)
                .EncodePrompt(new("negativePrompt", 1), text, room: 0)!.Tokens;
    }
}
