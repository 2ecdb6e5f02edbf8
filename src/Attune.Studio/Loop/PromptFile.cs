using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Store;
using Attune.Text;

namespace Attune.Studio.Loop;

/// <summary>Prompts as lines <c>{"prompt": …}</c>, each a text or a list of messages.</summary>
static class PromptFile
{
    const int PageSize = 500;

    /// <summary>The distinct prompts of a project's items.</summary>
    public static IReadOnlyList<JsonNode> OfProject(PreferenceStore store, long project) =>
        [.. Items(store, project).Select(item => item.Prompt).DistinctBy(prompt => prompt.ToJsonString(), StringComparer.Ordinal)];

    /// <summary>The ordinary items of a project.</summary>
    public static IEnumerable<Item> Items(PreferenceStore store, long project)
    {
        for (var page = store.Items.Page(project, 0, PageSize); page.Count > 0; page = store.Items.Page(project, page[^1].Id, PageSize))
            foreach (var item in page.Where(item => item.Kind == ItemKind.Normal))
                yield return item;
    }

    /// <param name="reader">JSONL.</param>
    /// <param name="name">The name of the file, for messages.</param>
    /// <exception cref="InvalidDataException">A line has no prompt.</exception>
    public static IReadOnlyList<JsonNode> Read(TextReader reader, string name)
    {
        var (prompts, number) = (new List<JsonNode>(), 0);
        for (var line = reader.ReadLine(); line is not null; line = reader.ReadLine())
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line))
                prompts.Add(Prompt(line, $"{name}, line {number}"));
        }
        return prompts.Count > 0 ? prompts
            : throw new InvalidDataException($"{name} has no prompts; each line must be a JSON object with \"prompt\"");
    }

    public static void Write(string path, IEnumerable<JsonNode> prompts) =>
        File.WriteAllLines(path, prompts.Select(prompt => new JsonObject { ["prompt"] = prompt.DeepClone() }.ToJsonString()));

    /// <summary>Draws this many prompts at random and keeps their order.</summary>
    public static IReadOnlyList<JsonNode> Draw(IReadOnlyList<JsonNode> prompts, int count)
    {
        var drawn = Enumerable.Range(0, prompts.Count).ToArray();
        Random.Shared.Shuffle(drawn);
        return [.. drawn.Take(count).Order().Select(at => prompts[at])];
    }

    /// <summary>A text, or messages in the form that training reads.</summary>
    static JsonNode Prompt(string line, string where)
    {
        try
        {
            var row = JsonElement.Parse(line);
            if (row.ValueKind == JsonValueKind.Object && row.TryGetProperty("prompt", out var prompt))
            {
                if (prompt.ValueKind == JsonValueKind.String)
                    return JsonValue.Create(prompt.GetString()!);
                if (prompt.ValueKind == JsonValueKind.Array && prompt.GetArrayLength() > 0)
                    return new JsonArray([.. prompt.EnumerateArray().Select(message => JsonNode.Parse(Fields(message)))]);
            }
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"{where}: {error.Message}", error);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)       // the latter for a lone surrogate
        {
            throw new InvalidDataException($"{where}: the line is not valid JSON, or it contains a lone surrogate such as \\ud83d", error);
        }
        throw new InvalidDataException($"{where}: a line must be {{\"prompt\": …}} with a text or a list of messages");

        static string Fields(JsonElement message) => MessageFormat.Read(message).Fields.GetRawText();
    }
}
