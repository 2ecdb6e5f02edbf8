using System.CommandLine;
using Attune.Store;
using Attune.Studio;
using Attune.Studio.Security;
using Attune.Training.Recipes;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Attune.Cli.Commands;

/// <summary><c>attune studio</c>: the web application for annotation, and <c>attune studio invite</c>.</summary>
static class StudioCommand
{
    const string DefaultFolder = "studio";

    static readonly Option<string> Folder = new("--folder")
    {
        HelpName = "FOLDER", Description = "The studio's data folder", DefaultValueFactory = _ => DefaultFolder,
    };
    static readonly Option<string?> StoreAddress = new("--store")
    {
        HelpName = "ADDRESS", Description = "A PostgreSQL store that several studios share: postgresql://USER@HOST/DATABASE",
    };
    static readonly Option<string> Listen = new("--listen")
    {
        HelpName = "ADDRESS:PORT",
        Description = "Address and port; accounts are required on any address but 127.0.0.1",
        DefaultValueFactory = _ => "127.0.0.1:5400",
    };
    static readonly Option<string> Runs = new("--runs")
    {
        HelpName = "FOLDER", Description = "The folder of runs to show, where new runs are written", DefaultValueFactory = _ => "runs",
    };
    static readonly Option<string?> PublicUrl = new("--public-url")
    {
        HelpName = "URL", Description = "The address at which people reach the studio; otherwise it is taken from their requests",
    };
    static readonly Argument<string> Name = new("name") { HelpName = "NAME", Description = "The person's name" };
    static readonly Option<Role> As = ChoiceOption.Create("--role", "The person's role", Role.Annotator);

    static readonly Option<LogLevel> Log = ConsoleLog.Option(LogLevel.Warning);

    public static Command Create()
    {
        var invite = new Command("invite", "Create a personal sign-in link for a person") { Name, As, Folder, StoreAddress };
        invite.SetAction(Invite);
        CommandHelp.WithExample(invite, "attune studio invite Mia --role owner");
        var command = new Command("studio", "Start the web application for annotation")
        {
            Folder, StoreAddress, Listen, Runs, PublicUrl, Log, invite,
        };
        OidcArguments.AddTo(command);
        command.SetAction(Serve);
        return CommandHelp.WithExample(command, """
            attune studio
            attune studio --folder hotel --listen 0.0.0.0:5400
            attune studio --oidc-authority https://accounts.google.com --oidc-client-id ID --oidc-domain example.com
            attune studio --store postgresql://attune@localhost/attune
            """);
    }

    static int Serve(ParseResult parsed)
    {
        var address = ListenAddress.Parse(parsed.GetValue(Listen)!);
        using var app = StudioServer.Build(new()
        {
            Folder = Path.GetFullPath(parsed.GetValue(Folder)!),
            Store = parsed.GetValue(StoreAddress)!,
            Runs = Path.GetFullPath(parsed.GetValue(Runs)!),
            Attune = ThisProgram(),
            Methods = MethodCatalog.All,
            Recipe = RecipeWriter.Complete,
            Listen = address,
            PublicUrl = parsed.GetValue(PublicUrl) is { } url ? OidcArguments.Address("--public-url", url) : null,
            Oidc = OidcArguments.Read(parsed),
            Log = logging => ConsoleLog.Configure(logging, parsed.GetValue(Log)),
        });
        if (Connections.Notice is { } notice)
            Notices.Write(notice);
        app.Start();
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        Console.Out.WriteLine($"Attune Studio: {addresses.First()}   (press Ctrl-C to stop)");
        app.WaitForShutdown();
        return 0;
    }

    static int Invite(ParseResult parsed)
    {
        using var store = PreferenceStore.Open(
            new StudioOptions { Folder = parsed.GetValue(Folder)!, Store = parsed.GetValue(StoreAddress)!, Runs = "", Attune = [] }.Store);
        var name = parsed.GetValue(Name)!;
        var role = parsed.GetValue(As);
        var person = store.People.Find(name.Trim()) ?? store.People.Add(name, role);
        if (parsed.GetResult(As) is { Implicit: false } && person.Role != role)
            throw new InvalidDataException(
                $"{person.Name} exists already, with the role {person.Role}. An owner can change roles on the People page.");
        Console.Out.WriteLine($"/join/{store.People.NewLink(person.Id)}");
        Console.Error.WriteLine(
            $"attune: add the studio's address in front and send the link to {person.Name} in private; it is not shown again");
        return 0;
    }

    /// <summary>The command that starts this program: its own executable, or dotnet and a DLL.</summary>
    static IReadOnlyList<string> ThisProgram() => Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet"
        ? [Environment.ProcessPath!, typeof(StudioCommand).Assembly.Location]
        : [Environment.ProcessPath!];
}
