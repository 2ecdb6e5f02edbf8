namespace Attune.Text;

/// <summary>How a message shows a text of the user's.</summary>
public static class Quotation
{
    const int Longest = 80;

    /// <summary>On one line, in quotation marks, its end cut off when it is long.</summary>
    public static string Quoted(this string text)
    {
        var line = text.ReplaceLineEndings(" ");
        return $"\"{(line.Length > Longest ? line[..Longest] + " …" : line)}\"";
    }
}
