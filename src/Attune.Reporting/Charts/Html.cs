using System.Globalization;
using System.Xml.Linq;

namespace Attune.Reporting.Charts;

/// <summary>
/// Elements that are well-formed as HTML and as XML. Every text goes through <see cref="VisibleText"/> and is escaped when it is
/// written, so that no caller can forget to.
/// </summary>
static class Html
{
    static readonly HashSet<string> Empty = ["meta", "link", "path", "line", "circle"];

    /// <summary>An element of attributes, elements, lists of elements and texts; null is left out.</summary>
    public static XElement Element(string name, params IEnumerable<object?> content)
    {
        var element = new XElement(name, content.Select(part => part is string text ? VisibleText.Escape(text) : part));
        if (element.IsEmpty && !Empty.Contains(name))
            element.Add("");                                     // <p></p>: HTML would read <p /> as open
        return element;
    }

    public static XAttribute Attribute(string name, string value) => new(name, VisibleText.Escape(value));

    public static XAttribute Class(string names) => new("class", names);

    /// <summary>A coordinate; tenths of a pixel are enough.</summary>
    public static XAttribute Attribute(string name, double value) => new(name, Coordinate(value));

    public static string Coordinate(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
