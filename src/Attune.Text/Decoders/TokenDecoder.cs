using System.Text;

namespace Attune.Text;

/// <summary>Changes tokens one by one, given whether a token is the first and whether it is the last.</summary>
sealed class TokenDecoder(Func<string, bool, bool, string> rewrite) : IDecoder
{
    public IReadOnlyList<string> Decode(IReadOnlyList<string> tokens) =>
        [.. tokens.Select((token, i) => rewrite(token, i == 0, i == tokens.Count - 1))];

    /// <summary>Replaces every match of a pattern.</summary>
    public static TokenDecoder ReadReplace(JsonField field)
    {
        var (pattern, content) = (Patterns.Read(field["pattern"]), field["content"].Text());
        return new((token, _, _) =>
        {
            var (text, stretches) = (new StringBuilder(), new List<Stretch>());
            pattern.Divide(token, stretches);
            foreach (var (start, end, isMatch) in stretches)
                text.Append(isMatch ? content : token.AsSpan(start, end - start));
            return text.ToString();
        });
    }

    /// <summary>Replaces the visible space character by spaces. The first token has none, unless the pre-tokenizer adds none.</summary>
    public static TokenDecoder ReadMetaspace(JsonField field)
    {
        var settings = Metaspace.Read(field);
        return new((token, isFirst, _) => token.Replace(
            settings.Replacement, isFirst && settings.Scheme != PrependScheme.Never ? "" : " ", StringComparison.Ordinal));
    }

    /// <summary>Removes the prefix of pieces inside words and puts a space before the other pieces.</summary>
    public static TokenDecoder ReadWordPiece(JsonField field)
    {
        var (prefix, cleanup) = (field["prefix"].Text(), field.Flag("cleanup", true));
        return new((token, isFirst, _) =>
        {
            var text = isFirst ? token
                : token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : $" {token}";
            return cleanup ? EnglishCleanup.Apply(text) : text;
        });
    }

    /// <summary>Replaces the suffix that ends a word by a space, or by nothing at the end of the text.</summary>
    public static TokenDecoder ReadBytePair(JsonField field)
    {
        var suffix = field["suffix"].Text();
        return suffix.Length > 0
            ? new((token, _, isLast) => token.Replace(suffix, isLast ? "" : " ", StringComparison.Ordinal))
            : throw field["suffix"].Wrong("a nonempty string");
    }
}
