using Attune.Text;

namespace Attune.Data;

/// <summary>Examples whose fields are texts or lists of messages. Where one of them is a list, a text is one message.</summary>
static class ConversationLayout
{
    /// <summary>A conversation; with a completion, the messages before it are the prompt.</summary>
    public static ChatExample Dialogue(Row row, IReadOnlyList<Message> messages, IReadOnlyList<Message> completion) =>
        new(row.Origin, [.. messages, .. completion], completion.Count > 0 ? messages.Count : 0) { Context = ContextOf(row) };

    /// <summary>A conversation that ends with a prompt.</summary>
    public static ChatExample Prompt(Row row, IReadOnlyList<Message> messages) =>
        new(row.Origin, messages, messages.Count) { Context = ContextOf(row) };

    /// <summary><c>prompt</c> and <c>completion</c>.</summary>
    public static Example Demonstration(Row row) => row.HasMessages("prompt") || row.HasMessages("completion")
        ? Dialogue(row, Messages(row, "prompt", "user"), Messages(row, "completion", "assistant"))
        : new Demonstration(row.Origin, row.Text("prompt"), row.Text("completion"));

    /// <summary><c>instruction</c> with an optional text that it is about, and the response.</summary>
    public static ChatExample Instruction(Row row, string input, string response)
    {
        var about = row.IsGiven(input) ? "\n\n" + row.Text(input) : "";
        return Dialogue(row, [.. System(row), new("user", row.Text("instruction") + about)], [new("assistant", row.Text(response))]);
    }

    /// <summary>What a user asks, and the response.</summary>
    public static ChatExample Turns(Row row, string user, string assistant) =>
        Dialogue(row, [.. System(row), new("user", row.Text(user))], [new("assistant", row.Text(assistant))]);

    /// <summary><c>conversations</c> of {"from": …, "value": …}, or of messages.</summary>
    public static ChatExample ShareGpt(Row row)
    {
        var turns = row.Rows("conversations");
        var messages = turns[0].Has("role") ? row.Messages("conversations") : [.. turns.Select(Turn)];
        return Dialogue(row, [.. System(row), .. messages], []);
    }

    static Message Turn(Row turn) => new(
        turn.Word("from") switch
        {
            "human" or "user" => "user",
            "gpt" or "chatgpt" or "assistant" or "model" or "bard" or "bing" or "function_call" => "assistant",
            "system" => "system",
            "tool" or "function" or "function_response" or "observation" => "tool",
            _ => throw turn.Wrong("from", "human, gpt, system or tool"),
        },
        turn.Text("value"));

    /// <summary><c>prompt</c>, <c>chosen</c> and <c>rejected</c>.</summary>
    public static Example Pair(Row row) => row.HasMessages("prompt") || row.HasMessages("chosen") || row.HasMessages("rejected")
        ? Pair(row, Messages(row, "prompt", "user"))
        : PairOfTexts(row, row.Text("prompt"), row.Text("chosen"), row.Text("rejected"));

    /// <summary><c>prompt</c>, <c>chosen</c>, <c>rejected</c> and <c>reference</c>.</summary>
    public static Example Triple(Row row)
    {
        if (!row.HasMessages("reference") && Pair(row) is ComparisonExample texts)
            return texts with { Reference = row.Text("reference") };
        var prompt = Messages(row, "prompt", "user");
        var pair = Pair(row, prompt);
        var reference = Messages(row, "reference", "assistant");
        return pair with { Reference = Response(row, "reference", [.. reference.Skip(PromptIn(reference, prompt))]) };
    }

    /// <summary>What a user asks, <c>chosen</c> and <c>rejected</c>, with an optional <c>system</c>.</summary>
    public static ChatComparisonExample Pair(Row row, string question) =>
        Pair(row, [.. System(row), .. Messages(row, question, "user")]);

    public static ComparisonExample PairOfTexts(Row row, string prompt, string chosen, string rejected) =>
        new(row.Origin, prompt, [chosen, rejected], ComparisonFields.ReadPair(row));

    /// <summary>Responses; lists of messages that begin with the prompt are whole conversations.</summary>
    static ChatComparisonExample Pair(Row row, IReadOnlyList<Message> prompt)
    {
        var (chosen, rejected) = (Messages(row, "chosen", "assistant"), Messages(row, "rejected", "assistant"));
        var whole = PromptIn(chosen, prompt);
        if (whole > 0 && chosen.Take(whole).SequenceEqual(rejected.Take(whole)))
            (prompt, chosen, rejected) = ([.. chosen.Take(whole)], [.. chosen.Skip(whole)], [.. rejected.Skip(whole)]);
        return Ranking(row, prompt, [Response(row, "chosen", chosen), Response(row, "rejected", rejected)],
            (_, _) => ComparisonFields.ReadPair(row));
    }

    /// <summary>How many messages of a conversation are the prompt, with system messages before it; 0 for another beginning.</summary>
    static int PromptIn(IReadOnlyList<Message> conversation, IReadOnlyList<Message> prompt)
    {
        var before = prompt[0].Role == "system" ? 0 : conversation.TakeWhile(message => message.Role == "system").Count();
        return conversation.Skip(before).Take(prompt.Count).SequenceEqual(prompt) ? before + prompt.Count : 0;
    }

    static IReadOnlyList<Message> Response(Row row, string name, IReadOnlyList<Message> messages) =>
        messages.Count > 0 && messages[0].Role is not ("user" or "system") ? messages : throw new InvalidDataException(
            $"{row.Origin}: '{name}' must be a response, or a whole conversation that begins with the prompt and ends with a response");

    /// <summary>Several responses to a prompt.</summary>
    public static Example Compared(Row row, string responses, Func<Row, int, ComparisonSet> read)
    {
        if (row.HasMessageLists(responses))
            return Ranking(row, Messages(row, "prompt", "user"), row.MessageLists(responses), read);
        var texts = row.Texts(responses);
        return row.HasMessages("prompt")
            ? Ranking(row, row.Messages("prompt"), [.. texts.Select(text => (IReadOnlyList<Message>)[new("assistant", text)])], read)
            : new ComparisonExample(row.Origin, row.Text("prompt"), texts, read(row, texts.Count));
    }

    static ChatComparisonExample Ranking(
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
        return Ranking(row, [.. chosen.Take(shared)], [[.. chosen.Skip(shared)], [.. rejected.Skip(shared)]],
            (_, _) => ComparisonFields.ReadPair(row));
    }

    /// <summary>A list of messages; a text is one message.</summary>
    static IReadOnlyList<Message> Messages(Row row, string name, string role) =>
        row.HasMessages(name) ? row.Messages(name) : [new(role, row.Text(name))];

    static IEnumerable<Message> System(Row row) => row.IsGiven("system") ? [new("system", row.Text("system"))] : [];

    static Conversation ContextOf(Row row) => new([])
    {
        Tools = row.Json("tools"),
        Documents = row.Json("documents"),
        Variables = row.Json("chat_template_kwargs"),
    };
}
