namespace Attune.Reporting.Studies;

/// <summary>Converts titles to names of files and folders.</summary>
static class FolderName
{
    /// <summary>Lower-case letters, digits and dots; everything else becomes a hyphen.</summary>
    public static string FromTitle(string name)
    {
        var letters = name.ToLowerInvariant().Select(letter => char.IsAsciiLetterOrDigit(letter) || letter == '.' ? letter : '-');
        return string.Join('-', string.Concat(letters).Split('-', StringSplitOptions.RemoveEmptyEntries)).Trim('.');
    }
}
