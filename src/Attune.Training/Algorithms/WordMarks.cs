using Attune.Text;

namespace Attune.Training.Algorithms;

/// <summary>
/// How tokens of a vocabulary show where words begin: <c>##</c> continues a word (WordPiece), <c>Ġ</c> or <c>▁</c> begins one.
/// </summary>
static class WordMarks
{
    /// <summary>For each token, whether it continues the word of the token before it.</summary>
    /// <exception cref="InvalidDataException">No token has a mark.</exception>
    public static bool[] Continuing(Tokenizer tokenizer)
    {
        string[] tokens = [.. Enumerable.Range(0, tokenizer.VocabularySize).Select(id => tokenizer.IdToToken(id) ?? "")];
        if (Marked("##") is { } continuing)
            return continuing;
        return (Marked("Ġ") ?? Marked("▁")) is { } beginning
            ? Array.ConvertAll(beginning, begins => !begins)
            : throw new InvalidDataException(
                "`pretrain.masking.wholeWords` must be false: the tokenizer has no tokens that show where words begin (##, Ġ or ▁).");

        bool[]? Marked(string mark)
        {
            var marked = Array.ConvertAll(tokens, token => token.StartsWith(mark, StringComparison.Ordinal));
            return marked.Contains(true) ? marked : null;
        }
    }
}
