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
    /// <exception cref="InvalidDataException">
    /// The text is not YAML, too long, too deep or has too many values; the message names the line.
    /// </exception>
    public static YamlNode? Load(TextReader reader)
    {
        var text = Read(reader);
        var open = new Stack<Level>();
        try
        {
            Check(new Parser(new StringReader(text)), open);
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            return stream.Documents.Count == 0 ? null : stream.Documents[0].RootNode;
        }
        catch (Exception error) when (error is YamlException or InvalidOperationException)   // the second for a list that is not closed
        {
            var inBrackets = open.Where(level => level.IsInBrackets).Select(level => level.Start);
            throw new InvalidDataException(YamlProblem.Describe(text, error, inBrackets), error);
        }
    }

    static string Read(TextReader reader)
    {
        var (text, buffer) = (new StringBuilder(), new char[4096]);
        for (int length; (length = reader.Read(buffer)) > 0;)
            if (text.Append(buffer, 0, length).Length > MostCharacters)
                throw new InvalidDataException($"this YAML may have at most {MostCharacters:N0} characters");
        return text.ToString();
    }

    static void Check(Parser parser, Stack<Level> open)
    {
        var sizes = new Dictionary<AnchorName, long>();
        open.Push(new(AnchorName.Empty, 0));
        while (parser.MoveNext())
        {
            switch (parser.Current)
            {
                case MappingStart mapping:
                    open.Push(new(mapping.Anchor, 1) { Start = mapping.Start, IsInBrackets = mapping.Style == MappingStyle.Flow });
                    break;
                case SequenceStart list:
                    open.Push(new(list.Anchor, 1) { Start = list.Start, IsInBrackets = list.Style == SequenceStyle.Flow });
                    break;
                case MappingEnd or SequenceEnd:
                    var ended = open.Pop();
                    Add(ended.Anchor, ended.Size);
                    break;
                case Scalar scalar:
                    Add(scalar.Anchor, 1);
                    break;
                case AnchorAlias alias when open.Any(level => level.Anchor == alias.Value):
                    throw new InvalidDataException($"line {alias.Start.Line}: the alias {alias.Value} is inside the value that it repeats");
                case AnchorAlias alias when !sizes.ContainsKey(alias.Value):
                    throw new InvalidDataException($"line {alias.Start.Line}, column {alias.Start.Column}: the alias *{alias.Value} has no "
                        + $"value with the anchor &{alias.Value} before it; write the value itself, or put a text that begins with * in "
                        + "quotation marks");
                case AnchorAlias alias:
                    Add(AnchorName.Empty, sizes[alias.Value]);
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
            var level = open.Pop();
            open.Push(level with { Size = level.Size + size });
            if (!anchor.IsEmpty)
                sizes[anchor] = size;
        }
    }

    /// <summary>A list or mapping that has begun, with the number of values in it.</summary>
    sealed record Level(AnchorName Anchor, long Size)
    {
        public Mark Start { get; init; }

        /// <summary>Whether it is written with brackets or braces.</summary>
        public bool IsInBrackets { get; init; }
    }
}
