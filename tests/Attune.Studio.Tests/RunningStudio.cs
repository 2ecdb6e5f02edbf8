using System.Net;
using System.Text.Json.Nodes;
using Attune.Store;
using Attune.Training.Recipes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Studio.Tests;

/// <summary>A studio in this process on a free port, with a temporary folder.</summary>
sealed class RunningStudio : IAsyncDisposable
{
    readonly TemporaryFolder folder;

    readonly IReadOnlyList<string>? attune;
    readonly Func<StudioOptions, StudioOptions>? change;

    RunningStudio(TemporaryFolder folder, WebApplication app, IReadOnlyList<string>? attune, Func<StudioOptions, StudioOptions>? change) =>
        (this.folder, App, this.attune, this.change) = (folder, app, attune, change);

    public WebApplication App { get; private set; }

    public Uri Address => new(App.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public PreferenceStore Store => App.Services.GetRequiredService<PreferenceStore>();

    public string Folder => folder.Path;

    /// <param name="attune">The program that the studio starts instead of Attune; Attune when left out.</param>
    /// <param name="change">Changes the options.</param>
    public static async Task<RunningStudio> Start(
        IReadOnlyList<string>? attune = null, Func<StudioOptions, StudioOptions>? change = null)
    {
        var temporary = new TemporaryFolder();
        return new(temporary, await Serve(temporary, port: 0, attune, change), attune, change);
    }

    /// <summary>Another studio of the same folder.</summary>
    public Task<WebApplication> StartSecond() => Serve(folder, port: 0, attune, change);

    /// <summary>Stops the server.</summary>
    public async Task Stop()
    {
        await App.StopAsync();
        await App.DisposeAsync();
    }

    /// <summary>Starts it again on a port, with the same folder.</summary>
    public async Task StartAgain(int port) => App = await Serve(folder, port, attune, change);

    static async Task<WebApplication> Serve(
        TemporaryFolder folder, int port, IReadOnlyList<string>? attune, Func<StudioOptions, StudioOptions>? change)
    {
        var options = new StudioOptions
        {
            Folder = folder.File("studio"),
            Runs = folder.File("runs"),
            Attune = attune ?? ["dotnet", Path.Combine(AppContext.BaseDirectory, "attune.dll")],
            Methods = MethodCatalog.All,
            Recipe = RecipeWriter.Complete,
            Listen = new(IPAddress.Loopback, port),
        };
        var app = StudioServer.Build(change?.Invoke(options) ?? options);
        await app.StartAsync();
        return app;
    }

    /// <summary>A project of pairs whose first answer is by <c>old</c> and whose second is by <c>new</c>.</summary>
    public Project Project(string name, ProjectSettings settings, int items)
    {
        var owner = Store.People.Local();
        var project = Store.Projects.Add(name, settings, owner.Id);
        Store.Items.Add(project.Id, [.. Enumerable.Range(0, items).Select(i => new Item
        {
            Prompt = JsonValue.Create($"prompt {i}"),
            Answers = [new(JsonValue.Create($"old answer {i}"), "old"), new(JsonValue.Create($"new answer {i}"), "new")],
        })], owner.Id);
        return project;
    }

    /// <summary>Changes the file of the store behind the studio's back.</summary>
    public void Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={folder.File("studio/studio.db")};Pooling=false");
        connection.Open();
        using var command = new SqliteCommand(sql, connection);
        command.ExecuteNonQuery();
    }

    /// <summary>A person with a personal link who has opened it.</summary>
    public async Task<Visitor> SignIn(string name, Role role)
    {
        var person = Store.People.Find(name) ?? (name == "You" ? Store.People.Local() : Store.People.Add(name, role));
        var visitor = new Visitor(Address);
        (await visitor.Post("/join", ("token", Store.People.NewLink(person.Id)))).EnsureSuccessStatusCode();
        return visitor;
    }

    public async ValueTask DisposeAsync()
    {
        await Stop();
        folder.Dispose();
    }
}
