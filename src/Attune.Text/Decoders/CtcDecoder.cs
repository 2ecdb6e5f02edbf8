namespace Attune.Text;

/// <summary>Connectionist temporal classification: repeated tokens are merged, and padding is removed.</summary>
sealed class CtcDecoder(string padding, string delimiter, bool cleanup) : IDecoder
{
    public static CtcDecoder Read(JsonField field) => new(
        Filled(field["pad_token"]), Filled(field["word_delimiter_token"]), field.Flag("cleanup", true));

    static string Filled(JsonField field) => field.Text() is { Length: > 0 } text ? text : throw field.Wrong("a nonempty string");

    public IReadOnlyList<string> Decode(IReadOnlyList<string> tokens) =>
        [.. tokens.Where((token, i) => i == 0 || token != tokens[i - 1]).Select(Clean).Where(text => text.Length > 0)];

    string Clean(string token)
    {
        var text = token.Replace(padding, "", StringComparison.Ordinal);
        return cleanup ? EnglishCleanup.Apply(text).Replace(delimiter, " ", StringComparison.Ordinal) : text;
    }
}
