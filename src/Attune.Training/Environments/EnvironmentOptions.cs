using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Data;
using Attune.Text;
using Attune.Training.Options;
using Attune.Training.Plugins;
using Attune.Training.Remote;

namespace Attune.Training.Environments;

/// <summary>What tools and environments are created for.</summary>
/// <param name="Tokenizer">The policy's tokenizer.</param>
public sealed record EnvironmentContext(Tokenizer Tokenizer)
{
    /// <summary>How long a call of a tool may take.</summary>
    public TimeSpan ToolTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Ends a request to another program that does not answer.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Shows a notice, such as that a request is retried; called from any thread.</summary>
    public Action<string> Say { get; init; } = _ => { };
}

/// <summary>
/// An environment of a recipe: an item of the list <c>episodes.environments</c>, whose <c>kind</c> is one of <see cref="Kinds"/>.
/// </summary>
public abstract record EnvironmentOptions : IKind
{
    /// <summary>All kinds that recipes can use, with their defaults.</summary>
    public static IReadOnlyDictionary<string, EnvironmentOptions> Kinds { get; } =
        new EnvironmentOptions[] { new ProcessEnvironment(), new HttpEnvironment(), new PluginEnvironment() }
            .ToDictionary(environment => environment.Kind, StringComparer.OrdinalIgnoreCase);

    /// <summary>The value of <c>kind</c> in a recipe.</summary>
    public abstract string Kind { get; }

    /// <summary>Its name in messages, and in the rows of prompts where there are several; empty for its kind.</summary>
    public string Name { get; init; } = "";

    /// <summary>The name, or the kind where there is none.</summary>
    public string Title => Name.Length > 0 ? Name : Kind;

    /// <summary>The options with absolute paths.</summary>
    public virtual EnvironmentOptions WithFullPaths() => this;

    /// <summary>Fields that the row of each of its prompts must have.</summary>
    public virtual IReadOnlyList<string> RowFields => [];

    /// <summary>Creates the environment.</summary>
    /// <exception cref="InvalidDataException">It cannot be used; the message says why.</exception>
    public abstract IEnvironment Build(EnvironmentContext context);
}

/// <summary>An environment of the program that started the run. A recipe file cannot hold it.</summary>
public sealed record ObjectEnvironment(IEnvironment Environment) : EnvironmentOptions
{
    public override string Kind => "object";

    public override IEnvironment Build(EnvironmentContext context) => Environment;
}

/// <summary>An environment in another program, which replies to the episodes of a batch with a JSON object.</summary>
public abstract record RemoteEnvironment : EnvironmentOptions, IValidatableObject
{
    /// <summary>Fields of the prompts' rows that are also sent, with each episode.</summary>
    public IReadOnlyList<string> Fields { get; init; } = [];

    /// <summary>The timeout of a request in seconds; for a process it includes the time to start.</summary>
    [Range(0d, 86_400d, MinimumIsExclusive = true)]
    public double Timeout { get; init; } = 60;

    /// <summary>How often a request is retried when no answer comes.</summary>
    [Range(0, 100)]
    public int Retries { get; init; } = 3;

    /// <summary>Seconds before the first retry; doubled for each further one.</summary>
    [Range(0d, 3600d)]
    public double Backoff { get; init; } = 1;

    public override IReadOnlyList<string> RowFields => Fields;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Fields.Any(field => field is "" or "prompt" or "seed" or "turns" or "replies"))
            yield return new("must be names other than prompt, seed, turns and replies", [nameof(Fields)]);
    }

    public override IEnvironment Build(EnvironmentContext context) => new RemoteReplies(this, new(
        $"the environment '{Title}'", Connect(), new(Timeout, Retries, Backoff), context.Say, context.Cancellation));

    private protected abstract IRemote Connect();
}

/// <summary>
/// An environment in a program, which is started at the first turn: each batch is a line on its stdin, answered by a line on its stdout. It
/// should exit when its stdin is closed.
/// </summary>
public sealed record ProcessEnvironment : RemoteEnvironment
{
    public override string Kind => "process";

    /// <summary>The command, which the system's shell runs.</summary>
    [Required(ErrorMessage = "must be a command")]
    public string Command { get; init; } = "";

    /// <summary>The folder that it runs in; empty for the current one.</summary>
    [ExistingPath(IsFolder = true)]
    public string Folder { get; init; } = "";

    public override EnvironmentOptions WithFullPaths() => this with { Folder = RecipePaths.Full(Folder.Length > 0 ? Folder : ".") };

    private protected override IRemote Connect() => new ChildRemote(Command, Folder);
}

/// <summary>An environment on a web server: one POST request for each batch.</summary>
public sealed record HttpEnvironment : RemoteEnvironment
{
    public override string Kind => "http";

    /// <summary>The URL that batches are posted to.</summary>
    [HttpUrl]
    public string Url { get; init; } = "";

    private protected override IRemote Connect() => new HttpRemote(Url);
}

/// <summary>
/// A class of another assembly: a public <see cref="IEnvironment"/> with a constructor without parameters, or with the policy's
/// <see cref="Tokenizer"/>.
/// </summary>
public sealed record PluginEnvironment : EnvironmentOptions
{
    public override string Kind => "plugin";

    /// <summary>The path of a .NET assembly.</summary>
    [Required(ErrorMessage = "must be the path of a .NET assembly")]
    [ExistingPath]
    public string Assembly { get; init; } = "";

    /// <summary>The name of a class of the assembly, with its namespace.</summary>
    [Required(ErrorMessage = "must be the name of a class with its namespace")]
    public string Type { get; init; } = "";

    public override EnvironmentOptions WithFullPaths() => this with { Assembly = RecipePaths.Full(Assembly) };

    public override IEnvironment Build(EnvironmentContext context) =>
        (IEnvironment)new PluginClass($"the environment '{Title}'", Assembly, typeof(IEnvironment)).Create(Type, context.Tokenizer);
}

/// <summary>
/// The JSON of a remote environment, one object for each batch, on one line:
/// <c>{"id":n,"episodes":[{"prompt":…,"seed":…,"turns":[…],"replies":[…]},…]}</c>, answered by
/// <c>{"id":n,"replies":[{"text":…,"reward":…,"end":true},…]}</c>.
/// </summary>
sealed class RemoteReplies(RemoteEnvironment options, RemoteCalls calls) : IEnvironment
{
    long id;

    public Task<IReadOnlyList<Reply>> ReplyAsync(IReadOnlyList<Episode> episodes, CancellationToken cancellation)
    {
        try
        {
            return Task.FromResult<IReadOnlyList<Reply>>(Read(calls.Send(Request(episodes)), episodes.Count));
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            throw new InvalidDataException($"the environment '{options.Title}' failed: {error.Message}", error);
        }
    }

    public void Dispose() => calls.Dispose();

    byte[] Request(IReadOnlyList<Episode> episodes) => JsonSerializer.SerializeToUtf8Bytes(new JsonObject
    {
        ["id"] = ++id,
        ["episodes"] = new JsonArray([.. episodes.Select(Shown)]),
    });

    JsonObject Shown(Episode episode)
    {
        var shown = new JsonObject
        {
            ["prompt"] = episode.Prompt.Text,
            ["seed"] = episode.Seed,
            ["turns"] = new JsonArray([.. episode.Turns.Select(turn => JsonValue.Create(turn.Text))]),
            ["replies"] = new JsonArray([.. episode.Turns.SkipLast(1).Select(turn => JsonValue.Create(turn.Reply!.Text))]),
        };
        foreach (var field in options.Fields)
            shown[field] = JsonNode.Parse(RowOf(episode).Required(field).GetRawText());
        return shown;
    }

    static Row RowOf(Episode episode) => episode.Prompt.Row
        ?? throw new InvalidDataException($"the prompt {episode.Prompt.Text.Quoted()} is not from a data file, so that it has no fields");

    Reply[] Read(byte[] answer, int count)
    {
        var replies = RemoteCalls.ParseObject(answer, id, "replies").GetProperty("replies");
        if (replies.ValueKind != JsonValueKind.Array || replies.GetArrayLength() != count)
            throw RemoteCalls.Wrong($"replies must be a list of {count}", answer);
        try
        {
            return [.. replies.EnumerateArray().Select((reply, row) => ReadReply(reply, row, answer))];
        }
        catch (InvalidOperationException)
        {
            throw RemoteCalls.Wrong("a text has invalid UTF-8 or half of a surrogate pair", answer);
        }
    }

    static Reply ReadReply(JsonElement reply, int row, byte[] answer)
    {
        if (reply.ValueKind != JsonValueKind.Object)
            throw RemoteCalls.Wrong($"reply {row} must be an object", answer);
        var ends = reply.TryGetProperty("end", out var end) && (end.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? end.GetBoolean() : throw RemoteCalls.Wrong($"the end of reply {row} must be true or false", answer));
        var reward = !reply.TryGetProperty("reward", out var number) ? 0
            : number.ValueKind == JsonValueKind.Number && number.TryGetDouble(out var value) && double.IsFinite(value) ? value
            : throw RemoteCalls.Wrong($"the reward of reply {row} must be a finite number", answer);
        var text = !reply.TryGetProperty("text", out var words) ? ""
            : words.ValueKind == JsonValueKind.String ? words.GetString()!
            : throw RemoteCalls.Wrong($"the text of reply {row} must be a text", answer);
        return text.Length > 0 || ends
            ? new Reply(text) { Ends = ends, Reward = reward }
            : throw RemoteCalls.Wrong($"reply {row} must have a text, or end: true", answer);
    }
}
