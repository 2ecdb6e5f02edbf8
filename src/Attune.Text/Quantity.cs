using System.Globalization;

namespace Attune.Text;

/// <summary>A count of things in a sentence.</summary>
public static class Quantity
{
    /// <summary>"1 prompt", "1,234 prompts"; 0 has the plural too.</summary>
    /// <param name="count">How many.</param>
    /// <param name="thing">Their name for one.</param>
    /// <param name="things">Their name for several, where it is not that for one and an s.</param>
    public static string Of(long count, string thing, string? things = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count == 1 ? thing : things ?? thing + "s")}");
}
