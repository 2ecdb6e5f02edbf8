using System.CommandLine;
using Attune.Cli.Chat;
using Attune.Training.Options;

namespace Attune.Cli.Commands;

/// <summary><c>attune chat MODEL [MODEL]</c>: a conversation in the terminal.</summary>
static class ChatCommand
{
    const int UsualTokens = 512;

    static readonly Argument<string> Model = new("model") { HelpName = "MODEL", Description = "A language model's folder" };
    static readonly Argument<string?> Other = new("other")
    {
        HelpName = "MODEL",
        Description = "A second model: both respond, and which response you prefer is saved in the studio's store",
        Arity = ArgumentArity.ZeroOrOne,
    };
    static readonly Option<string?> SystemText = new("--system") { HelpName = "TEXT", Description = "A system message" };
    static readonly Option<string?> Template = new("--chat-template")
    {
        HelpName = "FILE", Description = "A Jinja chat template that replaces that of the model",
    };
    static readonly Option<string> Project = new("--project")
    {
        HelpName = "NAME",
        Description = "The studio's project for preferences, which is created if needed",
        DefaultValueFactory = _ => "chat",
    };
    static readonly Option<long?> Seed = new("--seed") { HelpName = "N", Description = "The random seed" };
    static readonly Option<string> On = ModelOptions.Device();
    static readonly Option<string> Dtype = ModelOptions.Dtype();

    public static Command Create()
    {
        var command = new Command("chat", "Talk to a model in the terminal, or compare two")
        {
            Model, Other, SystemText, Template, Project, FeedbackCommand.Folder, Seed, On, Dtype,
        };
        foreach (var option in SamplingFlags.All)
            command.Add(option);
        command.SetAction(Talk);
        return CommandHelp.WithExample(command, """
            attune chat runs/sft/model
            attune chat runs/sft/model runs/ppo/model --project hotel
            """);
    }

    static int Talk(ParseResult parsed)
    {
        var sampling = SamplingFlags.Read(parsed);
        if (!SamplingFlags.SetsMaxNewTokens(parsed))
            sampling = sampling with { MaxNewTokens = UsualTokens };
        Validation.ThrowIfInvalid(sampling);
        var (other, models) = (parsed.GetValue(Other), new List<ChatEngine>());
        try
        {
            foreach (var folder in other is null ? [parsed.GetValue(Model)!] : (string[])[parsed.GetValue(Model)!, other])
                models.Add(ChatEngine.Load(folder, Options(parsed)));
            var preferences = other is null ? null : new Preferences(FeedbackCommand.StorePath(parsed), parsed.GetValue(Project)!);
            var session = new ChatSession(models, sampling, Console.In, Console.Out, preferences)
            {
                SystemText = SamplingFlags.Lines(parsed.GetValue(SystemText)), Seed = parsed.GetValue(Seed),
            };
            Console.CancelKeyPress += (_, signal) => signal.Cancel = session.Stop();
            session.Run().GetAwaiter().GetResult();
            return 0;
        }
        finally
        {
            foreach (var model in models)
                model.Dispose();
        }
    }

    static ChatEngineOptions Options(ParseResult parsed) => new()
    {
        Device = parsed.GetValue(On)!,
        Dtype = parsed.GetValue(Dtype)!,
        ChatTemplate = parsed.GetValue(Template) is { } file ? File.ReadAllText(file) : null,
    };
}
