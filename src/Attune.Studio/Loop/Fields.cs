using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Attune.Studio.Loop;

/// <summary>
/// The fields of a form or a query string, with errors that name the field and the allowed values. Lines of a text end with <c>\n</c>, as
/// on the pages; browsers send forms with <c>\r\n</c>.
/// </summary>
sealed class Fields(IEnumerable<KeyValuePair<string, StringValues>> fields)
{
    readonly Dictionary<string, StringValues> values = new(fields, StringComparer.Ordinal);

    /// <summary>The fields of the form of a request.</summary>
    public static async Task<Fields> ReadAsync(HttpContext context) => new(await context.Request.ReadFormAsync(context.RequestAborted));

    /// <summary>The text without surrounding white space; empty if the field is missing.</summary>
    public string Text(string name) => Raw(name).Trim();

    /// <summary>The text as it is; empty if the field is missing.</summary>
    public string Raw(string name) =>
        $"{values.GetValueOrDefault(name).FirstOrDefault()}".Replace("\r\n", "\n", StringComparison.Ordinal);

    public IReadOnlyList<string> All(string name) => [.. values.GetValueOrDefault(name).OfType<string>().Distinct(StringComparer.Ordinal)];

    /// <exception cref="InvalidDataException">The field is not a number in this range.</exception>
    public double Number(string name, double least, double most) => NumberOrNull(name, least, most) ?? throw Unexpected(name, least, most);

    /// <returns>Null when the field is empty.</returns>
    /// <inheritdoc cref="Number"/>
    public double? NumberOrNull(string name, double least, double most)
    {
        var text = Text(name);
        if (text.Length == 0)
            return null;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw Unexpected(name, least, most);
    }

    /// <inheritdoc cref="Number"/>
    public int Count(string name, int least, int most) =>
        int.TryParse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= least && count <= most
            ? count
            : throw Unexpected(name, least, most);

    InvalidDataException Unexpected(string name, double least, double most) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{name} must be a number from {least} to {most:N0} (was '{Text(name)}')"));
}
