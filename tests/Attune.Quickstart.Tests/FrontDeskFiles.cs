using System.Text.Json;
using System.Text.RegularExpressions;
using Attune.Testing;

namespace Attune.Quickstart.Tests;

/// <summary>The files below data/frontdesk as the tests read them.</summary>
static class FrontDeskFiles
{
    public static readonly string Folder = Repository.PathTo("data", "frontdesk");

    public static List<JsonElement> Read(string name) =>
        [.. File.ReadLines(Path.Combine(Folder, name + ".jsonl")).Select(line => JsonDocument.Parse(line).RootElement)];

    public static List<string> Prompts(string name) => [.. Read(name).Select(line => line.GetProperty("prompt").GetString()!)];

    public static List<string> Texts(string name) => [.. Read(name).Select(line => line.GetProperty("text").GetString()!)];

    /// <summary>Every prompt of a file that a model may be trained on.</summary>
    public static List<string> TrainingPrompts() =>
    [
        .. Prompts("demonstrations"), .. Prompts("prompts"), .. Prompts("rankings"), .. Prompts("pairs"), .. Prompts("labels"),
        .. Texts("corpus").Where(text => text.StartsWith("Guest:", StringComparison.Ordinal)).Select(PromptOf),
    ];

    public static List<string> HeldOutPrompts() =>
        [.. Prompts("prompts-heldout"), .. Prompts("rankings-heldout"), .. Prompts("pairs-heldout"), .. Prompts("labels-heldout")];

    /// <summary>The wordings of a file of guests' frames, as patterns of a whole prompt.</summary>
    public static List<Regex> Frames(string file) =>
    [
        .. File.ReadLines(Path.Combine(Folder, "material", file))
            .Select(line => line.Split(": ", 2))
            .Where(parts => parts[0] is "want" or "bring" or "act" or "problem" or "ask" or "tell")
            .Select(parts => Pattern($"Guest: {parts[1].TrimStart('!')}\nDesk:", slot: ".*")),
    ];

    /// <summary>What a line of the material becomes when its {slots} are filled.</summary>
    public static Regex Pattern(string line, string slot) => new(
        string.Join(slot, Slots.Split(line).Select(Regex.Escape)),
        RegexOptions.IgnoreCase | RegexOptions.Singleline | RegexOptions.NonBacktracking);

    public static IEnumerable<string> Words(string text) => LetterRuns.Matches(text.ToLowerInvariant()).Select(match => match.Value);

    static readonly Regex Slots = new(@" ?\{\w+\} ?", RegexOptions.NonBacktracking);

    static readonly Regex LetterRuns = new("[a-z]+", RegexOptions.NonBacktracking);

    static string PromptOf(string dialogue) => dialogue[..(dialogue.IndexOf("\nDesk:", StringComparison.Ordinal) + 6)];
}
