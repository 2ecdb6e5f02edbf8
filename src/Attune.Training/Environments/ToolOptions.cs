using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Training.Options;
using Attune.Training.Plugins;
using Attune.Training.Remote;
using Microsoft.Extensions.AI;
using ModelContextProtocol.Client;

namespace Attune.Training.Environments;

/// <summary>Tools of a recipe: an item of the list <c>episodes.tools</c>, whose <c>kind</c> is one of <see cref="Kinds"/>.</summary>
public abstract record ToolOptions : IKind
{
    /// <summary>All kinds that recipes can use, with their defaults.</summary>
    public static IReadOnlyDictionary<string, ToolOptions> Kinds { get; } =
        new ToolOptions[] { new ProcessTool(), new HttpTool(), new McpTools(), new PluginTools() }
            .ToDictionary(tool => tool.Kind, StringComparer.OrdinalIgnoreCase);

    /// <summary>The value of <c>kind</c> in a recipe.</summary>
    public abstract string Kind { get; }

    /// <summary>The options with absolute paths.</summary>
    public virtual ToolOptions WithFullPaths() => this;

    /// <summary>The tools, at least one.</summary>
    /// <param name="owned">Gets what must be disposed of after the tools.</param>
    /// <param name="context">What they are created for.</param>
    /// <exception cref="InvalidDataException">They cannot be used; the message says why.</exception>
    public abstract IReadOnlyList<AIFunction> Connect(List<IDisposable> owned, EnvironmentContext context);
}

/// <summary>A tool that is a C# function of the program that started the run. A recipe file cannot hold it.</summary>
public sealed record FunctionTool(AIFunction Function) : ToolOptions
{
    public override string Kind => "function";

    public override IReadOnlyList<AIFunction> Connect(List<IDisposable> owned, EnvironmentContext context) => [Function];
}

/// <summary>One tool in another program, whose parameters are texts.</summary>
public abstract record RemoteTool : ToolOptions
{
    /// <summary>The name that the policy calls it by.</summary>
    [Required(ErrorMessage = "must be the name that the policy calls the tool by")]
    [RegularExpression(@"[A-Za-z0-9_-]{0,64}", ErrorMessage = "must have only letters, digits, - and _, at most 64")]
    public string Name { get; init; } = "";

    /// <summary>What it does, for the policy.</summary>
    public string Description { get; init; } = "";

    /// <summary>Its parameters, all of them texts: the name of each with what it is, such as {expression: "such as 12 * 3"}.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();

    public override IReadOnlyList<AIFunction> Connect(List<IDisposable> owned, EnvironmentContext context)
    {
        var calls = new RemoteCalls(
            $"the tool '{Name}'", Connect(), new(context.ToolTimeout.TotalSeconds, Retries: 0, Backoff: 0), context.Say,
            context.Cancellation);
        owned.Add(calls);
        return [new RemoteFunction(this, calls, context.Say)];
    }

    private protected abstract IRemote Connect();
}

/// <summary>
/// A tool in a program, which is started at the first call: each call is a line on its stdin, answered by a line on its stdout. It should
/// exit when its stdin is closed.
/// </summary>
public sealed record ProcessTool : RemoteTool
{
    public override string Kind => "process";

    /// <summary>The command, which the system's shell runs.</summary>
    [Required(ErrorMessage = "must be a command")]
    public string Command { get; init; } = "";

    /// <summary>The folder that it runs in; empty for the current one.</summary>
    [ExistingPath(IsFolder = true)]
    public string Folder { get; init; } = "";

    public override ToolOptions WithFullPaths() => this with { Folder = RecipePaths.Full(Folder.Length > 0 ? Folder : ".") };

    private protected override IRemote Connect() => new ChildRemote(Command, Folder);
}

/// <summary>A tool on a web server: one POST request for each call.</summary>
public sealed record HttpTool : RemoteTool
{
    public override string Kind => "http";

    /// <summary>The URL that calls are posted to.</summary>
    [HttpUrl]
    public string Url { get; init; } = "";

    private protected override IRemote Connect() => new HttpRemote(Url);
}

/// <summary>The tools of an MCP server (Model Context Protocol): a program that speaks it on stdin and stdout, or a web server.</summary>
public sealed record McpTools : ToolOptions, IValidatableObject
{
    public override string Kind => "mcp";

    /// <summary>The command that starts the server; empty where there is a url.</summary>
    public string Command { get; init; } = "";

    /// <summary>The folder that it runs in; empty for the current one.</summary>
    [ExistingPath(IsFolder = true)]
    public string Folder { get; init; } = "";

    /// <summary>The URL of a server that runs; empty where there is a command.</summary>
    public string Url { get; init; } = "";

    /// <summary>The names of the tools to use; empty for all.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    string Server => Url.Length > 0 ? Url : $"`{Command}`";

    public override ToolOptions WithFullPaths() => Command.Length > 0
        ? this with { Folder = RecipePaths.Full(Folder.Length > 0 ? Folder : ".") }
        : this;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Command.Length == 0 == (Url.Length == 0))
            yield return new("must be a command, or empty where there is a url", [nameof(Command)]);
        if (Url.Length > 0 && !HttpUrlAttribute.IsUrl(Url))
            yield return new(HttpUrlAttribute.Rule, [nameof(Url)]);
    }

    public override IReadOnlyList<AIFunction> Connect(List<IDisposable> owned, EnvironmentContext context)
    {
        try
        {
            return Task.Run(() => ConnectAsync(owned, context.Cancellation)).GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is not (InvalidDataException or OperationCanceledException or OutOfMemoryException))
        {
            throw new InvalidDataException($"the MCP server {Server} cannot be used: {error.Message}", error);
        }
    }

    async Task<IReadOnlyList<AIFunction>> ConnectAsync(List<IDisposable> owned, CancellationToken cancellation)
    {
        IClientTransport transport = Url.Length > 0
            ? new HttpClientTransport(new() { Endpoint = new(Url) })
            : new StdioClientTransport(new()
            {
                Command = LineProcess.Shell.Program, Arguments = [LineProcess.Shell.Option, Command], WorkingDirectory = Folder,
                ShutdownTimeout = Grace,
            });
        var client = await McpClient.CreateAsync(transport, cancellationToken: cancellation).ConfigureAwait(false);
        owned.Add(new Connection(client));
        var tools = await client.ListToolsAsync(cancellationToken: cancellation).ConfigureAwait(false);
        foreach (var name in Names)
            if (tools.All(tool => tool.Name != name))
                throw new InvalidDataException(
                    $"the MCP server {Server} has no tool '{name}'; it has {string.Join(", ", tools.Select(tool => tool.Name))}");
        return [.. tools.Where(tool => Names.Count == 0 || Names.Contains(tool.Name))];
    }

    sealed class Connection(McpClient client) : IDisposable
    {
        public void Dispose() => client.DisposeAsync().AsTask().Wait(2 * Grace);
    }
}

/// <summary>The public methods of a class in another assembly; System.ComponentModel's Description describes them to the policy.</summary>
public sealed record PluginTools : ToolOptions
{
    public override string Kind => "plugin";

    /// <summary>The path of a .NET assembly.</summary>
    [Required(ErrorMessage = "must be the path of a .NET assembly")]
    [ExistingPath]
    public string Assembly { get; init; } = "";

    /// <summary>The name of a class of the assembly, with its namespace.</summary>
    [Required(ErrorMessage = "must be the name of a class with its namespace")]
    public string Type { get; init; } = "";

    public override ToolOptions WithFullPaths() => this with { Assembly = RecipePaths.Full(Assembly) };

    public override IReadOnlyList<AIFunction> Connect(List<IDisposable> owned, EnvironmentContext context)
    {
        var target = new PluginClass($"the tools of '{Type}'", Assembly).Create(Type, context.Tokenizer);
        if (target is IDisposable disposable)
            owned.Add(disposable);
        const BindingFlags Own = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        var methods = target.GetType().GetMethods(Own).Where(method => !method.IsSpecialName && method.Name != nameof(IDisposable.Dispose));
        AIFunction[] tools = [.. methods.Select(method => NewTool(method, target))];
        return tools.Length > 0
            ? tools
            : throw new InvalidDataException($"the tools of '{Type}': the class has no public method of its own");
    }

    AIFunction NewTool(MethodInfo method, object target)
    {
        try
        {
            return AIFunctionFactory.Create(method, method.IsStatic ? null : target);
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException or InvalidOperationException)
        {
            throw new InvalidDataException($"the tools of '{Type}': the method {method.Name} cannot be a tool: {error.Message}", error);
        }
    }
}

/// <summary>
/// A tool in another program: <c>{"id":n,"name":…,"arguments":{…}}</c> is answered by <c>{"id":n,"result":…}</c> or
/// <c>{"id":n,"error":"…"}</c>.
/// </summary>
sealed class RemoteFunction(RemoteTool options, RemoteCalls calls, Action<string> say) : AIFunction
{
    readonly Lock calling = new();
    long id;
    bool hasFailed;

    public override string Name => options.Name;

    public override string Description => options.Description;

    public override JsonElement JsonSchema { get; } = JsonSerializer.SerializeToElement(new JsonObject
    {
        ["type"] = "object",
        ["properties"] = new JsonObject(options.Parameters.Select(parameter => KeyValuePair.Create(
            parameter.Key, (JsonNode?)new JsonObject { ["type"] = "string", ["description"] = parameter.Value }))),
        ["required"] = new JsonArray([.. options.Parameters.Keys.Select(name => JsonValue.Create(name))]),
    });

    protected override ValueTask<object?> InvokeCoreAsync(AIFunctionArguments arguments, CancellationToken cancellationToken)
    {
        lock (calling)
        {
            var request = new JsonObject
            {
                ["id"] = ++id,
                ["name"] = Name,
                ["arguments"] = JsonSerializer.SerializeToNode(arguments.ToDictionary(StringComparer.Ordinal)),
            };
            var answer = Send(JsonSerializer.SerializeToUtf8Bytes(request));
            return answer.TryGetProperty("error", out var error)
                ? throw new InvalidDataException(ToolCalls.ToText(error))
                : new(answer.GetProperty("result"));
        }
    }

    JsonElement Send(byte[] request)
    {
        try
        {
            return RemoteCalls.ParseObject(calls.Send(request), id, "result", "error");
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            if (!hasFailed)
                say($"the tool '{Name}' failed; the model reads the error, and further failures are not shown: {error.Message}");
            hasFailed = true;
            throw;
        }
    }
}
