using Attune.Data;
using Attune.Models.Backbones;
using Attune.Text;

namespace Attune.Training.Parameters;

/// <summary>Makes the text encoders of models.</summary>
public static class ModelEncoding
{
    /// <summary>An encoder of prompts and responses for a language model, with its context length, start token and vocabulary.</summary>
    public static TextEncoder NewEncoder(
        this Tokenizer tokenizer, Backbone backbone, OverlongExamples tooLong = OverlongExamples.Truncate) =>
        new(tokenizer, (int)backbone.ContextLength, tooLong, backbone.StartToken) { Embeddings = backbone.VocabularySize };

    /// <summary>
    /// A text with the special tokens of the tokenizer's template, such as [CLS] and [SEP]; at most as many tokens as the model reads.
    /// </summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="backbone">The model.</param>
    /// <param name="text">The text.</param>
    /// <param name="cut">The side at which a longer text is cut.</param>
    public static int[] EncodeWhole(this Tokenizer tokenizer, Backbone backbone, string text, Side cut)
    {
        var truncation = new Truncation { MaxLength = (int)backbone.ContextLength, Direction = cut };
        return tokenizer.EncodeBatch([(text, null)], truncation: truncation)[0].Ids.ToArray() is { Length: > 0 } tokens
            ? tokens
            : [tokenizer.FillId];
    }

    /// <summary>An encoder of texts that are one sequence each: documents, and prompts with responses that a reward model scores.</summary>
    public static TextEncoder NewSequenceEncoder(
        this Tokenizer tokenizer, Backbone backbone, OverlongExamples tooLong = OverlongExamples.Truncate) =>
        new(tokenizer, (int)backbone.ContextLength, tooLong) { Embeddings = backbone.VocabularySize };
}
