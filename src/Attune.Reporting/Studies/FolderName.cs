namespace Attune.Reporting.Studies;

/// <summary>Names of people as names of files and folders.</summary>
static class FolderName
{
    /// <summary>Small letters, digits and points; everything else becomes a hyphen between words.</summary>
    public static string FromTitle(string name)
    {
        var letters = name.ToLowerInvariant().Select(letter => char.IsAsciiLetterOrDigit(letter) || letter == '.' ? letter : '-');
        return string.Join('-', string.Concat(letters).Split('-', StringSplitOptions.RemoveEmptyEntries)).Trim('.');
    }
}
