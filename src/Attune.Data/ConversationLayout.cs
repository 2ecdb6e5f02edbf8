using Attune.Text;

namespace Attune.Data;

/// <summary>Examples whose fields are lists of messages.</summary>
static class ConversationLayout
{
    /// <summary>A conversation; with a completion, the messages before it are the prompt.</summary>
    public static ChatExample Dialogue(Row row, IReadOnlyList<Message> messages, IReadOnlyList<Message> completion) =>
        new(row.Origin, [.. messages, .. completion], completion.Count > 0 ? messages.Count : 0) { Context = ContextOf(row) };

    /// <summary>A conversation that ends with a prompt.</summary>
    public static ChatExample Prompt(Row row, IReadOnlyList<Message> messages) =>
        new(row.Origin, messages, messages.Count) { Context = ContextOf(row) };

    public static ChatComparisonExample Pair(Row row, IReadOnlyList<Message> prompt, IReadOnlyList<Message> chosen,
        IReadOnlyList<Message> rejected) =>
        Ranking(row, prompt, [chosen, rejected], (_, _) => ComparisonFields.ReadPair(row));

    public static ChatComparisonExample Ranking(
        Row row, IReadOnlyList<Message> prompt, IReadOnlyList<IReadOnlyList<Message>> completions, Func<Row, int, ComparisonSet> read) =>
        new(row.Origin, ContextOf(row) with { Messages = prompt }, completions, read(row, completions.Count));

    /// <summary>The shared first messages of two conversations are the prompt.</summary>
    /// <exception cref="InvalidDataException">The conversations share no message, or they are the same.</exception>
    public static ChatComparisonExample Split(Row row, IReadOnlyList<Message> chosen, IReadOnlyList<Message> rejected)
    {
        var shared = chosen.Zip(rejected).TakeWhile(pair => pair.First.Equals(pair.Second)).Count();
        if (shared == 0 || shared == chosen.Count || shared == rejected.Count)
            throw new InvalidDataException(
                $"{row.Origin}: 'chosen' and 'rejected' must begin with the same messages and end with different ones; "
                + $"they share {shared} of {chosen.Count} and {rejected.Count}");
        return Pair(row, [.. chosen.Take(shared)], [.. chosen.Skip(shared)], [.. rejected.Skip(shared)]);
    }

    static Conversation ContextOf(Row row) => new([])
    {
        Tools = row.Json("tools"),
        Documents = row.Json("documents"),
        Variables = row.Json("chat_template_kwargs"),
    };
}
