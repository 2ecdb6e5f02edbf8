using System.Text.Json.Nodes;
using Attune.Store;

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

    public static void Write(string path, IEnumerable<JsonNode> prompts) =>
        File.WriteAllLines(path, prompts.Select(prompt => new JsonObject { ["prompt"] = prompt.DeepClone() }.ToJsonString()));

    /// <summary>Draws this many prompts at random and keeps their order.</summary>
    public static IReadOnlyList<JsonNode> Draw(IReadOnlyList<JsonNode> prompts, int count)
    {
        var drawn = Enumerable.Range(0, prompts.Count).ToArray();
        Random.Shared.Shuffle(drawn);
        return [.. drawn.Take(count).Order().Select(at => prompts[at])];
    }
}
