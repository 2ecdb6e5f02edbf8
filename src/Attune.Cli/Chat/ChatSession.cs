using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Generation;
using Attune.Text;

namespace Attune.Cli.Chat;

/// <summary>A conversation in the terminal with one model, or with two whose responses are compared.</summary>
/// <param name="models">One model, or two.</param>
/// <param name="sampling">How tokens are chosen.</param>
/// <param name="input">Lines of the user.</param>
/// <param name="output">The conversation.</param>
/// <param name="preferences">Saves which of two responses is better; null with one model.</param>
sealed class ChatSession(
    IReadOnlyList<ChatEngine> models, SamplingOptions sampling, TextReader input, TextWriter output, Preferences? preferences)
{
    const string Help = """
        /regenerate   another response to the last message
        /system TEXT  sets the system message; without TEXT removes it
        /history      the conversation so far
        /clear        begins a new conversation
        /save FILE    adds the conversation to a JSONL file, as {"messages": …}
        /exit         ends, as Ctrl-D does; Ctrl-C stops a response
        """;

    readonly List<Message> history = [];
    CancellationTokenSource? response;
    long seeds;

    /// <summary>The text of a system message; null for none.</summary>
    public string? SystemText { get; set; }

    /// <summary>The seed of the first response, the next one that of the second; null draws them.</summary>
    public long? Seed { get; init; }

    /// <summary>A model without a chat template reads each line alone, as it is.</summary>
    bool IsPlain { get; } = models.Any(model => model.Tokenizer.ChatTemplate is null);

    /// <summary>Stops the response that is written; false where none is.</summary>
    public bool Stop()
    {
        if (Volatile.Read(ref response) is not { } running)
            return false;
        running.Cancel();
        return true;
    }

    public async Task Run()
    {
        output.WriteLine(IsPlain
            ? "The model has no chat template: it continues each line alone; \\n stands for a new line. /help lists the commands."
            : "/help lists the commands.");
        while (ReadLine("> ") is { } line && line != "/exit")
            try
            {
                await (line.StartsWith('/') ? Command(line) : line.Length > 0 ? Ask(line) : Task.CompletedTask).ConfigureAwait(false);
            }
            catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                output.WriteLine(error.Message);
            }
    }

    string? ReadLine(string prompt)
    {
        output.Write(prompt);
        output.Flush();
        return input.ReadLine()?.Trim();
    }

    Task Command(string line)
    {
        var (name, argument) = line.Split(' ', 2) is [var first, var rest] ? (first, rest.Trim()) : (line, "");
        switch (name)
        {
            case "/regenerate" when history.FindLastIndex(message => message.Role == "user") is >= 0 and var last:
                history.RemoveRange(last + 1, history.Count - last - 1);
                return Respond();
            case "/regenerate":
                output.WriteLine("There is no message to respond to yet.");
                break;
            case "/system":
                SystemText = argument.Length > 0 ? argument : null;
                break;
            case "/history":
                foreach (var message in Messages())
                    output.WriteLine($"{message.Role}: {message.Text}");
                break;
            case "/clear":
                history.Clear();
                break;
            case "/save" when argument.Length > 0:
                Save(argument);
                break;
            default:
                output.WriteLine(Help);
                break;
        }
        return Task.CompletedTask;
    }

    Task Ask(string line)
    {
        if (IsPlain)
            history.Clear();
        history.Add(new("user", IsPlain ? line.Replace("\\n", "\n", StringComparison.Ordinal) : line));
        return Respond();
    }

    async Task Respond()
    {
        using var source = new CancellationTokenSource();
        Volatile.Write(ref response, source);
        try
        {
            // The order is drawn, so that the names say nothing about the responses.
            ChatEngine[] shown = models.Count == 1 || Random.Shared.Next(2) == 0 ? [.. models] : [.. models.Reverse()];
            var seed = Seed + seeds++;
            var streams = Array.ConvertAll(shown, model => model.Start(new(Prompt(model)) { Sampling = sampling, Seed = seed })[0]);
            var texts = new List<string>();
            foreach (var (index, stream) in streams.Index())
                texts.Add(await Write(stream, streams.Length > 1 ? $"[{index + 1}] " : "", source.Token).ConfigureAwait(false));
            Volatile.Write(ref response, null);
            history.Add(new("assistant", texts[texts.Count == 1 ? 0 : Compare(shown, texts)]));
        }
        finally
        {
            Volatile.Write(ref response, null);
        }
    }

    async Task<string> Write(ResponseStream stream, string label, CancellationToken cancellation)
    {
        var text = "";
        output.Write(label);
        try
        {
            await foreach (var piece in stream.WithCancellation(cancellation).ConfigureAwait(false))
            {
                text += piece.Text;
                output.Write(piece.Text);
                output.Flush();
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            output.Write(" (stopped)");
        }
        output.WriteLine();
        return text;
    }

    /// <summary>Asks which response is better, saves it, and returns its index: the conversation continues with it.</summary>
    int Compare(ChatEngine[] shown, List<string> texts)
    {
        var answer = ReadLine("Better: 1, 2, = (equally good), or Enter to skip? ");
        if (answer is not ("1" or "2" or "="))
            return 0;
        int[] ranks = answer switch { "1" => [0, 1], "2" => [1, 0], _ => [0, 0] };
        preferences!.Add([.. Messages()], IsPlain, texts, ranks, Array.ConvertAll(shown, model => model.Name));
        output.WriteLine($"Saved. 1 is {shown[0].Name}, 2 is {shown[1].Name}.");
        return answer == "2" ? 1 : 0;
    }

    int[] Prompt(ChatEngine model) => IsPlain ? model.Encode(history[^1].Text) : model.Encode(new Conversation([.. Messages()]));

    IEnumerable<Message> Messages() => SystemText is null || IsPlain ? history : history.Prepend(new("system", SystemText));

    void Save(string file)
    {
        var messages = new JsonArray([.. Messages().Select(message => JsonNode.Parse(message.Fields.GetRawText()))]);
        File.AppendAllText(file, JsonSerializer.Serialize(new JsonObject { ["messages"] = messages }, JsonText.Readable) + "\n");
        output.WriteLine($"saved to {file}");
    }
}
