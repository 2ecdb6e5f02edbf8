using System.Text.Json.Nodes;
using Attune.Cli.Commands;
using Attune.Store;
using Attune.Store.Import;
using Attune.Text;

namespace Attune.Cli.Chat;

/// <summary>Saves comparisons of two responses in a project of the studio's store.</summary>
/// <param name="store">The store's file.</param>
/// <param name="project">The project, which is created if needed.</param>
sealed class Preferences(string store, string project)
{
    /// <summary>Saves which response to a conversation is better; equal ranks are a tie.</summary>
    /// <param name="prompt">The conversation.</param>
    /// <param name="isPlain">Whether the prompt is the text of its last message.</param>
    /// <param name="responses">The responses.</param>
    /// <param name="ranks">Their ranks, 0 for the best.</param>
    /// <param name="sources">The models that wrote them.</param>
    public void Add(IReadOnlyList<Message> prompt, bool isPlain, IReadOnlyList<string> responses, int[] ranks, string[] sources)
    {
        var row = new JsonObject
        {
            ["prompt"] = isPlain
                ? prompt[^1].Text
                : new JsonArray([.. prompt.Select(message => JsonNode.Parse(message.Fields.GetRawText()))]),
            ["completions"] = new JsonArray([.. responses.Select(response => isPlain
                ? JsonValue.Create(response)
                : (JsonNode)new JsonArray(new JsonObject { ["role"] = "assistant", ["content"] = response }))]),
            ["ranks"] = new JsonArray([.. ranks.Select(rank => JsonValue.Create(rank))]),
            ["sources"] = new JsonArray([.. sources.Select(source => JsonValue.Create(source))]),
        };
        var file = Path.Combine(Path.GetTempPath(), $"attune-chat-{Guid.NewGuid():N}.jsonl");
        try
        {
            File.WriteAllText(file, JsonText.Line(row) + "\n");
            Import(file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    void Import(string file)
    {
        using var opened = PreferenceStore.Open(store);
        var by = FeedbackImport.OwnerOf(opened);
        if (opened.Projects.Find(project) is { } known)
            opened.Imports.Add(known, ImportRows.Read(file, known.Settings), by);
        else
            opened.Imports.AddProject(project, ImportRows.Read(file), by);
    }
}
