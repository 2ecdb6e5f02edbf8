namespace Attune.Text;

/// <summary>The pattern of GPT-2 (Radford et al. 2019), which ByteLevel pre-tokenizers use when <c>use_regex</c> is set.</summary>
sealed class Gpt2Pattern : WordPattern
{
    public const string Source = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    protected override int MatchEnd(ReadOnlySpan<char> text, int start)
    {
        if (Contraction(text, start, ignoreCase: false) is > 0 and var length)
            return start + length;
        var word = text[start] == ' ' && start + 1 < text.Length ? start + 1 : start;
        var kind = CodePoints.KindAt(text, word, out _);
        return kind == CodePointKinds.Space
            ? SpaceEnd(text, start, Run(text, start, CodePointKinds.Space))
            : Run(text, word, kind);
    }
}
