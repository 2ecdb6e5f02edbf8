using System.CommandLine;
using Attune.Serving;
using Attune.Serving.Server;
using Attune.Studio;
using Attune.Training.Options;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Attune.Cli.Commands;

/// <summary><c>attune serve MODEL…</c>: a web server with OpenAI's API.</summary>
static class ServeCommand
{
    const string KeyVariable = "ATTUNE_API_KEY";

    static readonly Argument<string[]> Models = new("model")
    {
        HelpName = "MODEL…",
        Description = "Folders of language models, reward models and encoders; NAME=FOLDER gives one another name than its path",
        Arity = ArgumentArity.OneOrMore,
    };
    static readonly Option<string[]> Adapters = new("--adapter")
    {
        HelpName = "NAME=FOLDER", Description = "A LoRA adapter of the first language model, served under this name; may be repeated",
    };
    static readonly Option<string> Listen = new("--listen")
    {
        HelpName = "ADDRESS:PORT",
        Description = "Address and port; API keys are required on any address but 127.0.0.1",
        DefaultValueFactory = _ => "127.0.0.1:8000",
    };
    static readonly Option<string?> KeyFile = new("--api-keys")
    {
        HelpName = "FILE", Description = $"A file with an API key on each line; or set {KeyVariable} to one key",
    };
    static readonly Option<string?> Template = new("--chat-template")
    {
        HelpName = "FILE", Description = "A Jinja chat template that replaces those of the language models",
    };
    static readonly Option<int> MaxRows = Count("--max-batch", "The most responses that are generated at the same time", 64);
    static readonly Option<int> MaxWaiting = Count("--max-waiting", "The most responses that wait; more are refused with status 429", 256);
    static readonly Option<int> MaxTokens = Count("--max-tokens", "The most tokens of a response", 4096);
    static readonly Option<int> CacheTokens = new("--max-cache-tokens")
    {
        Description = "The most tokens in the KV cache; 0: 2,048 for each response of the batch",
    };
    static readonly Option<bool> AllowWeightUpdates = new("--allow-weight-updates")
    {
        Description = "Let requests load weights and adapters from folders of this machine (for rollouts of another process)",
    };
    static readonly Option<int> Drain = Count("--drain", "Seconds that responses may continue when the server stops", 10);
    static readonly Option<string> On = ModelOptions.Device();
    static readonly Option<string> Dtype = ModelOptions.Dtype();
    static readonly Option<LogLevel> Log = ConsoleLog.Option(LogLevel.Warning);

    public static Command Create()
    {
        var command = new Command("serve", "Serve models to programs, with OpenAI's API")
        {
            Models, Adapters, Listen, KeyFile, Template, MaxRows, MaxWaiting, MaxTokens, CacheTokens, Drain, AllowWeightUpdates, On, Dtype,
            Log,
        };
        command.SetAction(Serve);
        return CommandHelp.WithExample(command, """
            attune serve runs/quickstart/5-ppo/model
            attune serve chat=runs/sft/model reward=runs/reward/model --listen 0.0.0.0:8000 --api-keys keys.txt
            """);
    }

    static int Serve(ParseResult parsed)
    {
        var options = Options(parsed);
        var names = string.Join(", ", options.Models.Concat(options.Adapters).Select(model => model.Name));
        Console.Error.WriteLine($"attune: loading {names}");
        using var app = ApiServer.Build(options);
        app.Start();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Console.Out.WriteLine($"Attune serves {address}/v1   (press Ctrl-C to stop)");
        app.WaitForShutdown();
        return 0;
    }

    static ServingOptions Options(ParseResult parsed) => new()
    {
        Models = [.. parsed.GetValue(Models)!.Select(Named)],
        Adapters = [.. (parsed.GetValue(Adapters) ?? []).Select(Adapter)],
        Listen = ListenAddress.Parse(parsed.GetValue(Listen)!, "the server"),
        ApiKeys = Keys(parsed.GetValue(KeyFile)),
        MaxTokens = parsed.GetValue(MaxTokens),
        Drain = TimeSpan.FromSeconds(parsed.GetValue(Drain)),
        Log = logging => ConsoleLog.Configure(logging, parsed.GetValue(Log)),
        AllowWeightUpdates = parsed.GetValue(AllowWeightUpdates),
        Engine = new()
        {
            Device = parsed.GetValue(On)!,
            Dtype = parsed.GetValue(Dtype)!,
            ChatTemplate = parsed.GetValue(Template) is { } file ? File.ReadAllText(file) : null,
            Scheduling = new()
            {
                MaxRows = parsed.GetValue(MaxRows),
                MaxWaiting = parsed.GetValue(MaxWaiting),
                MaxCacheTokens = parsed.GetValue(CacheTokens),
            },
        },
    };

    /// <summary>A folder, whose path is the name, or NAME=FOLDER.</summary>
    static ServedFolder Named(string text) =>
        text.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } folder] && !Directory.Exists(text)
            ? new(name, ModelPath.Find(folder))
            : new(text, ModelPath.Find(text));

    static ServedFolder Adapter(string text) => text.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } folder]
        ? new(name, ModelPath.Find(folder))
        : throw new InvalidDataException($"--adapter must be NAME=FOLDER (was {text})");

    static string[] Keys(string? file)
    {
        if (file is null)
            return Environment.GetEnvironmentVariable(KeyVariable)?.Trim() is { Length: > 0 } key ? [key] : [];
        string[] keys = [.. File.ReadLines(file).Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#')];
        return keys.Length > 0 ? keys : throw new InvalidDataException($"{file} must have an API key on a line");
    }

    static Option<int> Count(string name, string description, int value)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && int.TryParse(token.Value, out var number) && number < 1)
                result.AddError($"{name} must be at least 1 (was {number}).");
        });
        return option;
    }
}
