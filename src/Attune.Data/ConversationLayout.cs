using Attune.Text;

namespace Attune.Data;

/// <summary>Examples whose fields are lists of messages.</summary>
static class ConversationLayout
{
    /// <summary>A conversation; with a completion, what stands before that is the prompt.</summary>
    public static ChatExample Dialogue(Row row, IReadOnlyList<Message> messages, IReadOnlyList<Message> completion) =>
        new(row.Origin, [.. messages, .. completion], completion.Count > 0 ? messages.Count : 0) { Context = Beside(row) };

    /// <summary>A conversation that is to be answered.</summary>
    public static ChatExample Prompt(Row row, IReadOnlyList<Message> messages) => new(row.Origin, messages, messages.Count) { Context = Beside(row) };

    public static ChatComparisonExample Pair(Row row, IReadOnlyList<Message> prompt, IReadOnlyList<Message> chosen, IReadOnlyList<Message> rejected) =>
        Ranking(row, prompt, [chosen, rejected], (_, _) => ComparisonFields.ReadPair(row));

    public static ChatComparisonExample Ranking(
        Row row, IReadOnlyList<Message> prompt, IReadOnlyList<IReadOnlyList<Message>> completions, Func<Row, int, ComparisonSet> read) =>
        new(row.Origin, Beside(row) with { Messages = prompt }, completions, read(row, completions.Count));

    /// <summary>Of two whole conversations, the messages that they share at the start are the prompt.</summary>
    /// <exception cref="InvalidDataException">They share none, or nothing else.</exception>
    public static ChatComparisonExample Split(Row row, IReadOnlyList<Message> chosen, IReadOnlyList<Message> rejected)
    {
        var shared = chosen.Zip(rejected).TakeWhile(pair => pair.First.Equals(pair.Second)).Count();
        if (shared == 0 || shared == chosen.Count || shared == rejected.Count)
            throw new InvalidDataException(
                $"{row.Origin}: chosen and rejected should begin with the same messages and end with different ones; they share {shared} of {chosen.Count} and {rejected.Count}");
        return Pair(row, [.. chosen.Take(shared)], [.. chosen.Skip(shared)], [.. rejected.Skip(shared)]);
    }

    static Conversation Beside(Row row) => new([])
    {
        Tools = row.Json("tools"),
        Documents = row.Json("documents"),
        Variables = row.Json("chat_template_kwargs"),
    };
}
