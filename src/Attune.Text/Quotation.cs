namespace Attune.Text;

/// <summary>How messages quote a text.</summary>
public static class Quotation
{
    const int Longest = 80;

    /// <summary>The text on one line, in quotation marks, truncated when it is long.</summary>
    public static string Quoted(this string text)
    {
        var line = text.ReplaceLineEndings(" ");
        return $"\"{(line.Length > Longest ? line[..Longest] + " …" : line)}\"";
    }
}
