using System.CommandLine;
using System.Net;
using Attune.Store;
using Attune.Studio;
using Attune.Training.Recipes;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Attune.Cli.Commands;

/// <summary><c>attune studio</c>: the web application in which people rank, and <c>attune studio invite</c>.</summary>
static class StudioCommand
{
    const string DefaultFolder = "studio";

    static readonly Option<string> Folder = new("--folder") { Description = "Where everything is kept", DefaultValueFactory = _ => DefaultFolder };
    static readonly Option<string> Listen = new("--listen") { Description = "Address and port; another address than this machine's own needs accounts", DefaultValueFactory = _ => "127.0.0.1:5400" };
    static readonly Option<string> Runs = new("--runs") { Description = "The folder of runs that are shown, and in which new ones begin", DefaultValueFactory = _ => "runs" };
    static readonly Argument<string> Name = new("name") { Description = "The person's name" };
    static readonly Option<Role> As = new("--role") { Description = "What they may do", DefaultValueFactory = _ => Role.Annotator };

    public static Command Create()
    {
        var invite = new Command("invite", "Make a personal link with which somebody signs in") { Name, As, Folder };
        invite.SetAction(Invite);
        CommandHelp.WithExample(invite, "attune studio invite Mia --role owner");
        var command = new Command("studio", "Open the studio in which people rank answers") { Folder, Listen, Runs, invite };
        command.SetAction(Serve);
        return CommandHelp.WithExample(command, """
            attune studio
            attune studio --folder hotel --listen 0.0.0.0:5400
            """);
    }

    static int Serve(ParseResult parsed)
    {
        var text = parsed.GetValue(Listen)!;
        if (!IPEndPoint.TryParse(text, out var address) || !text.Contains(':'))
            throw new InvalidDataException($"--listen: an address and a port such as 127.0.0.1:5400 were expected, found {text}");
        var app = StudioServer.Build(new()
        {
            Folder = Path.GetFullPath(parsed.GetValue(Folder)!),
            Runs = Path.GetFullPath(parsed.GetValue(Runs)!),
            Attune = Itself(),
            Methods = MethodCatalog.All,
            Recipe = RecipeWriter.Write,
            Listen = address,
        });
        app.Start();
        Console.Out.WriteLine($"Attune Studio: {app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()}   (Ctrl-C ends it)");
        app.WaitForShutdown();
        return 0;
    }

    static int Invite(ParseResult parsed)
    {
        using var store = PreferenceStore.Open(new StudioOptions { Folder = parsed.GetValue(Folder)!, Runs = "", Attune = [] }.Store);
        var name = parsed.GetValue(Name)!;
        var role = parsed.GetValue(As);
        var person = store.People.Find(name.Trim()) ?? store.People.Add(name, role);
        if (parsed.GetResult(As) is { Implicit: false } && person.Role != role)
            throw new InvalidDataException($"{person.Name} is there already, with the role {person.Role}; an owner changes roles on the page of people");
        Console.Out.WriteLine($"/join/{store.People.NewLink(person.Id)}");
        Console.Error.WriteLine($"attune: put the studio's address before it, and send it to {person.Name} in private; it is shown only now");
        return 0;
    }

    /// <summary>How this program was started: by its own host, or by dotnet and a DLL.</summary>
    static IReadOnlyList<string> Itself() => Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet"
        ? [Environment.ProcessPath!, typeof(StudioCommand).Assembly.Location]
        : [Environment.ProcessPath!];
}
