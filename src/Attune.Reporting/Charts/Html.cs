using System.Globalization;
using System.Xml.Linq;

namespace Attune.Reporting.Charts;

/// <summary>
/// Creates elements that are well-formed as HTML and as XML. All texts go through <see cref="VisibleText"/> and are escaped when they are
/// written.
/// </summary>
static class Html
{
    static readonly HashSet<string> Empty = ["meta", "link", "path", "line", "ellipse"];

    /// <summary>An element with attributes, elements, lists of elements and texts; nulls are left out.</summary>
    public static XElement Element(string name, params IEnumerable<object?> content)
    {
        var element = new XElement(name, content.Select(part => part is string text ? VisibleText.Escape(text) : part));
        if (element.IsEmpty && !Empty.Contains(name))
            element.Add("");                                     // <p></p>: HTML parses <p /> as an open tag
        return element;
    }

    public static XAttribute Attribute(string name, string value) => new(name, VisibleText.Escape(value));

    public static XAttribute Class(string names) => new("class", names);

    /// <summary>An attribute with a coordinate, to tenths of a pixel.</summary>
    public static XAttribute Attribute(string name, double value) => new(name, Coordinate(value));

    public static string Coordinate(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
