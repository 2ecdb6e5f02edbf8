namespace Attune.Text;

/// <summary>Removes the spaces that word-level tokenization leaves before punctuation and English contractions.</summary>
static class EnglishCleanup
{
    static readonly (string Old, string New)[] Replacements =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"),
        (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    public static string Apply(string text) =>
        Replacements.Aggregate(text, (result, entry) => result.Replace(entry.Old, entry.New, StringComparison.Ordinal));
}
