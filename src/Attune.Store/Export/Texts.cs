namespace Attune.Store.Export;

/// <summary>A prompt and responses as JSON of one kind: texts, or lists of messages where at least one of them is a list.</summary>
sealed class Texts
{
    /// <param name="prompt">The prompt.</param>
    /// <param name="answers">The responses.</param>
    /// <param name="asMessages">Whether to make lists of messages of texts.</param>
    public Texts(string prompt, IReadOnlyList<string> answers, bool asMessages = false)
    {
        var texts = !asMessages && answers.Prepend(prompt).All(text => text.StartsWith('"'));
        Prompt = texts ? prompt : AsMessages(prompt, "user");
        Answers = texts ? answers : [.. answers.Select(answer => AsMessages(answer, "assistant"))];
    }

    public string Prompt { get; }

    public IReadOnlyList<string> Answers { get; }

    static string AsMessages(string json, string role) => json.StartsWith('"') ? $$"""[{"role":"{{role}}","content":{{json}}}]""" : json;
}
