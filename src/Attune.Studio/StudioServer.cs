using System.Text.Json.Serialization;
using Attune.Store;
using Attune.Studio.Accounts;
using Attune.Studio.Annotate;
using Attune.Studio.Api;
using Attune.Studio.Audit;
using Attune.Studio.Dialogues;
using Attune.Studio.Export;
using Attune.Studio.Invitations;
using Attune.Studio.Items;
using Attune.Studio.Jobs;
using Attune.Studio.Layout;
using Attune.Studio.Loop;
using Attune.Studio.Norming;
using Attune.Studio.Projects;
using Attune.Studio.Quality;
using Attune.Studio.Review;
using Attune.Studio.Runs;
using Attune.Studio.Security;
using Attune.Studio.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Attune.Studio;

/// <summary>The web application: its services, its middleware, and the routes of every feature.</summary>
public static class StudioServer
{
    /// <summary>The largest request body, in bytes; uploads of items have their own limit.</summary>
    const long LargestBody = 1 << 20;

    /// <summary>
    /// Threads that requests get at once. More of them than this compete for few processors and for the store, so that some requests take
    /// several times as long as others. A request that waits for the disk needs no thread.
    /// </summary>
    const int Threads = 8;

    /// <summary>Settings are read once: watching the current folder for changes costs time with each write of a store in it.</summary>
    const string NoReload = "--hostBuilder:reloadConfigOnChange=false";

    /// <exception cref="InvalidDataException">The store cannot be read, or the address is not loopback while nobody can sign
    /// in.</exception>
    public static WebApplication Build(StudioOptions options)
    {
        ThreadPool.SetMinThreads(Threads, Threads);
        PrivateFolder.Create(options.Folder);
        var store = PreferenceStore.Open(options.Store);
        try
        {
            RemoveLeftovers(options);
            return Build(options, store);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>The application owns the store from now on and closes it when it is disposed.</summary>
    static WebApplication Build(StudioOptions options, PreferenceStore store)
    {
        options.Oidc?.Check();
        if (!options.IsLoopback && options.Oidc is not { MakesOwners: true } && !store.People.AnyoneCanSignIn())
            throw new InvalidDataException(
                $"others can reach the studio on {options.Listen.Address}, so it needs accounts; "
                + "create the first one with `attune studio invite NAME --role owner`");
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [NoReload] });
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(options.Listen);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = LargestBody;
            Connections.Bound(kestrel.Limits);
        });
        options.Log(builder.Logging);
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error)
            .AddFilter("Microsoft.AspNetCore.Antiforgery", LogLevel.Error)
            .AddFilter("Microsoft.AspNetCore.Authentication.OpenIdConnect", LogLevel.None);     // OidcSignIn logs what failed
        AddServices(builder.Services, options, store);
        var app = builder.Build();
        UseMiddleware(app, options);
        MapRoutes(app);
        return app;
    }

    /// <summary>Temporary files of a studio that was killed.</summary>
    static void RemoveLeftovers(StudioOptions options)
    {
        Leftovers.Remove(options.Folder, "*.unfinished*", "*.new");
        Leftovers.Remove(options.Exports, "upload-*", "export-*", "download-*", "*.unfinished");
        Leftovers.Remove(options.Jobs, "new-*");
    }

    static void AddServices(IServiceCollection services, StudioOptions options, PreferenceStore store)
    {
        services.AddSingleton(options);
        services.AddSingleton(_ => store);
        services.AddSingleton<Assets>();
        services.AddSingleton(TimeProvider.System).AddSingleton<ProjectFigures>();
        services.AddSingleton<RunList>().AddSingleton<RunRecords>().AddSingleton<JobStart>().AddHostedService<JobRunner>();
        services.AddSingleton<ModelServers>().AddSingleton<DialogueResponder>()
            .AddHostedService(provider => provider.GetRequiredService<DialogueResponder>());
        services.AddRazorComponents();
        services.Configure<FormOptions>(form => form.MultipartBodyLengthLimit = ItemRoutes.LargestUpload);
        services.AddHttpContextAccessor();
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.Converters.Add(new JsonStringEnumConverter(namingPolicy: null, allowIntegerValues: false));
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            json.SerializerOptions.RespectNullableAnnotations = true;
            json.SerializerOptions.RespectRequiredConstructorParameters = true;
        });
        var keys = services.AddDataProtection().SetApplicationName("attune-studio");
        if (PreferenceStore.IsPostgres(options.Store))
            services.Configure<KeyManagementOptions>(management => management.XmlRepository = new StoredKeys(store, options.Keys));
        else
            keys.PersistKeysToFileSystem(new(PrivateFolder.Create(options.Keys)));
        services.AddAntiforgery(antiforgery =>
            antiforgery.Cookie = new() { Name = "attune-form", HttpOnly = true, SameSite = SameSiteMode.Strict });
        Session.AddTo(services);
        if (options.Oidc is { } oidc)
            OidcSignIn.AddTo(services, oidc);
        Policies.AddTo(services);
        services.AddSingleton<SignInLimits>().AddSingleton<TokenLimits>().AddSingleton<KnownBrowser>();
        ApiDocument.AddTo(services);
    }

    static void UseMiddleware(WebApplication app, StudioOptions options)
    {
        // A proxy on this machine forwards the client's address and scheme; without a proxy nothing changes.
        app.UseForwardedHeaders(new() { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto });
        if (options.PublicUrl is { } url)
            app.Use((context, next) =>
            {
                (context.Request.Scheme, context.Request.Host) = (url.Scheme, new(url.Authority));
                return next(context);
            });
        app.UseMiddleware<SecurityHeaders>();
        app.UseMiddleware<Problems>();
        app.UseRouting();
        app.UseAuthentication();
        app.UseMiddleware<SinglePerson>();
        app.UseAuthorization();
        app.Use(app.Services.GetRequiredService<TokenLimits>().Invoke);
        app.UseMiddleware<KnownIds>();
        app.UseMiddleware<FormToken>();
        app.UseAntiforgery();
    }

    static void MapRoutes(WebApplication app)
    {
        AssetRoutes.Map(app);
        SignInRoutes.Map(app);
        AccountRoutes.Map(app);
        InvitationRoutes.Map(app);
        ProjectRoutes.Map(app);
        ItemRoutes.Map(app);
        ExportRoutes.Map(app);
        QualityRoutes.Map(app);
        ReviewRoutes.Map(app);
        NormingRoutes.Map(app);
        AuditRoutes.Map(app);
        AnnotateRoutes.Map(app);
        DialogueRoutes.Map(app);
        TaskRoutes.Map(app);
        LoopRoutes.Map(app);
        JobRoutes.Map(app);
        RunRoutes.Map(app);
        ApiRoutes.Map(app);
    }
}
