using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Attune.Input;

/// <summary>
/// Loads YAML after checking how deep and how large it is: YamlDotNet builds nodes by recursion, and a stack overflow ends the process.
/// </summary>
public static class BoundedYaml
{
    /// <summary>The most levels of lists and mappings.</summary>
    public const int MostLevels = 100;

    /// <summary>The most values; a value that aliases repeat counts each time.</summary>
    public const int MostNodes = 100_000;

    /// <summary>The most characters.</summary>
    public const int MostCharacters = 4 << 20;

    /// <summary>The root of the first document; null where there is none.</summary>
    /// <exception cref="InvalidDataException">The text is too long, too deep or has too many values.</exception>
    /// <exception cref="YamlException">The text is not YAML.</exception>
    /// <exception cref="InvalidOperationException">A list is not closed.</exception>
    public static YamlNode? Load(TextReader reader)
    {
        var text = Read(reader);
        Check(new Parser(new StringReader(text)));
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return stream.Documents.Count == 0 ? null : stream.Documents[0].RootNode;
    }

    static string Read(TextReader reader)
    {
        var (text, buffer) = (new StringBuilder(), new char[4096]);
        for (int length; (length = reader.Read(buffer)) > 0;)
            if (text.Append(buffer, 0, length).Length > MostCharacters)
                throw new InvalidDataException($"this YAML may have at most {MostCharacters:N0} characters");
        return text.ToString();
    }

    static void Check(Parser parser)
    {
        var open = new Stack<(AnchorName Anchor, long Size)>();
        var sizes = new Dictionary<AnchorName, long>();
        open.Push((AnchorName.Empty, 0));
        while (parser.MoveNext())
        {
            switch (parser.Current)
            {
                case MappingStart or SequenceStart:
                    open.Push((((NodeEvent)parser.Current).Anchor, 1));
                    break;
                case MappingEnd or SequenceEnd:
                    var (anchor, size) = open.Pop();
                    Add(anchor, size);
                    break;
                case Scalar scalar:
                    Add(scalar.Anchor, 1);
                    break;
                case AnchorAlias alias when open.Any(level => level.Anchor == alias.Value):
                    throw new InvalidDataException($"line {alias.Start.Line}: the alias {alias.Value} is inside the value that it repeats");
                case AnchorAlias alias:
                    Add(AnchorName.Empty, sizes.GetValueOrDefault(alias.Value, 1));
                    break;
            }
            if (open.Count - 1 > MostLevels)
                throw new InvalidDataException(
                    $"line {parser.Current!.Start.Line}: this YAML has more than {MostLevels} levels of lists and mappings");
            if (open.Sum(level => level.Size) > MostNodes)
                throw new InvalidDataException($"line {parser.Current!.Start.Line}: this YAML has more than {MostNodes:N0} values");
        }

        void Add(AnchorName anchor, long size)
        {
            var (name, before) = open.Pop();
            open.Push((name, before + size));
            if (!anchor.IsEmpty)
                sizes[anchor] = size;
        }
    }
}
