using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace Attune.Studio.Loop;

/// <summary>The fields of a form, or of an address, with what was expected where one is wrong.</summary>
sealed class Fields(IEnumerable<KeyValuePair<string, StringValues>> fields)
{
    readonly Dictionary<string, StringValues> values = new(fields, StringComparer.Ordinal);

    /// <summary>Without spaces around it; empty where it was not sent.</summary>
    public string Text(string name) => $"{values.GetValueOrDefault(name).FirstOrDefault()}".Trim();

    public IReadOnlyList<string> All(string name) => [.. values.GetValueOrDefault(name).OfType<string>().Distinct(StringComparer.Ordinal)];

    /// <exception cref="InvalidDataException">It is no number of this range.</exception>
    public double Number(string name, double least, double most) => NumberOrNull(name, least, most) ?? throw Unexpected(name, least, most);

    /// <returns>Null where nothing was written.</returns>
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
        new($"{name}: a number from {least.ToString(CultureInfo.InvariantCulture)} to {most.ToString("N0", CultureInfo.InvariantCulture)} was expected, found '{Text(name)}'");
}
