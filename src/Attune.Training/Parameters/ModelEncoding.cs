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

    /// <summary>An encoder of texts that are one sequence each: documents, and prompts with responses that a reward model scores.</summary>
    public static TextEncoder NewSequenceEncoder(
        this Tokenizer tokenizer, Backbone backbone, OverlongExamples tooLong = OverlongExamples.Truncate) =>
        new(tokenizer, (int)backbone.ContextLength, tooLong) { Embeddings = backbone.VocabularySize };
}
