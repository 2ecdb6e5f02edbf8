using System.Reflection;
using System.Xml.Linq;

namespace Attune.Training.Recipes;

/// <summary>The help text of an option: the summary of its property, from the XML documentation next to the assembly.</summary>
static class HelpText
{
    static readonly Dictionary<string, Dictionary<string, string>> Known = new(StringComparer.Ordinal);

    public static string Of(PropertyInfo property)
    {
        var assembly = property.DeclaringType!.Assembly.GetName().Name!;
        lock (Known)
        {
            if (!Known.TryGetValue(assembly, out var texts))
                Known[assembly] = texts = Load(Path.Combine(AppContext.BaseDirectory, assembly + ".xml"));
            return texts.GetValueOrDefault($"P:{property.DeclaringType.FullName!.Replace('+', '.')}.{property.Name}", "");
        }
    }

    static Dictionary<string, string> Load(string path) => File.Exists(path)
        ? XDocument.Load(path).Descendants("member").ToDictionary(
            member => (string)member.Attribute("name")!,
            member => string.Join(
                ' ', (member.Element("summary")?.Value ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)),
            StringComparer.Ordinal)
        : [];
}
