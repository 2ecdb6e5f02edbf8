using Attune.Data;
using Attune.Generation;
using Attune.Models;
using Attune.Text;

namespace Attune.Training.Policies;

/// <summary>Options of sampling whose texts are tokens of a model.</summary>
public static class SamplingTokens
{
    /// <summary>The same options with token ids in the place of texts; a negative prompt begins and ends as prompts do.</summary>
    public static SamplingOptions InTokens(this SamplingOptions options, LanguageModel model, Tokenizer tokenizer)
    {
        return options.WithTokens(text => tokenizer.Encode(text), Prompt);

        int[] Prompt(string text) =>
            new TextEncoder(tokenizer, (int)model.Backbone.ContextLength, startToken: model.Backbone.StartToken)
                .EncodePrompt(new("negativePrompt", 1), text, room: 0)!.Tokens;
    }
}
