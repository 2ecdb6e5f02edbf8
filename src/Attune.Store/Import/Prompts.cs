using System.Text.Json.Nodes;
using Attune.Data;

namespace Attune.Store.Import;

/// <summary>The prompts of data files.</summary>
public static class Prompts
{
    /// <summary>The field <c>prompt</c> of every row: a text, or a list of messages.</summary>
    /// <param name="path">A data file, or a folder of them.</param>
    /// <param name="mostBytes">The most bytes that a file may have without compression.</param>
    /// <exception cref="InvalidDataException">A row has no prompt, or a file is damaged.</exception>
    public static IReadOnlyList<JsonNode> Read(string path, long mostBytes = long.MaxValue)
    {
        var prompts = Dataset.Rows(path, mostBytes).Select(Prompt).ToList();
        return prompts.Count > 0 ? prompts : throw new InvalidDataException($"{path} has no prompts; each row must have 'prompt'");
    }

    static JsonNode Prompt(Row row) => row.Has("prompt") ? ItemReader.Prompt(row) : throw new InvalidDataException(
        $"{row.Origin}: a row must have 'prompt', a text or a list of messages (has {string.Join(", ", row.Names)})");
}
