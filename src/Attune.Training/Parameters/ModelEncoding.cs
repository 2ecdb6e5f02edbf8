using Attune.Data;
using Attune.Models.Backbones;
using Attune.Text;

namespace Attune.Training.Parameters;

/// <summary>Makes the text encoders of models.</summary>
public static class ModelEncoding
{
    /// <summary>An encoder of texts for a language model: its context, start token, and the tokens that it has embeddings for.</summary>
    public static TextEncoder NewEncoder(
        this Tokenizer tokenizer, Backbone backbone, OverlongExamples tooLong = OverlongExamples.Truncate) =>
        new(tokenizer, (int)backbone.ContextLength, tooLong, backbone.StartToken) { Embeddings = backbone.VocabularySize };

    /// <summary>An encoder of texts that a reward model scores, each as one sequence.</summary>
    public static TextEncoder NewScoredTextEncoder(
        this Tokenizer tokenizer, Backbone backbone, OverlongExamples tooLong = OverlongExamples.Truncate) =>
        new(tokenizer, (int)backbone.ContextLength, tooLong) { Embeddings = backbone.VocabularySize };
}
