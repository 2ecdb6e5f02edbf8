using System.Text.Json.Serialization;
using Attune.Store;
using Attune.Studio.Accounts;
using Attune.Studio.Annotate;
using Attune.Studio.Audit;
using Attune.Studio.Export;
using Attune.Studio.Items;
using Attune.Studio.Jobs;
using Attune.Studio.Layout;
using Attune.Studio.Loop;
using Attune.Studio.Projects;
using Attune.Studio.Quality;
using Attune.Studio.Runs;
using Attune.Studio.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Attune.Studio;

/// <summary>The web application: its services, what every request passes through, and every route, a line a room.</summary>
public static class StudioServer
{
    /// <summary>The largest request body, in bytes; an upload has a larger bound of its own.</summary>
    const long LargestBody = 1 << 20;

    /// <summary>A request that waits for the disk keeps its thread; others must not wait for a new one.</summary>
    const int Threads = 64;

    /// <exception cref="InvalidDataException">The store cannot be read, or another address than loopback is asked for while nobody can sign in.</exception>
    public static WebApplication Build(StudioOptions options)
    {
        Directory.CreateDirectory(options.Folder);
        ThreadPool.SetMinThreads(Threads, Threads);
        var store = PreferenceStore.Open(options.Store);
        if (!options.IsLoopback && !store.People.AnyoneCanSignIn())
        {
            store.Dispose();
            throw new InvalidDataException(
                $"on {options.Listen.Address} others can reach the studio, so it needs accounts; make the first one by `attune studio invite NAME --role owner`");
        }
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(options.Listen);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = LargestBody;
        });
        builder.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error)
            .AddFilter("Microsoft.AspNetCore.Antiforgery", LogLevel.Error);
        AddServices(builder.Services, options, store);
        var app = builder.Build();
        UseMiddleware(app);
        MapRoutes(app);
        return app;
    }

    static void AddServices(IServiceCollection services, StudioOptions options, PreferenceStore store)
    {
        services.AddSingleton(options);
        services.AddSingleton(_ => store);
        services.AddSingleton<Assets>();
        services.AddSingleton<ProjectFigures>();
        services.AddSingleton<RunList>().AddSingleton<RunRecords>().AddSingleton<JobStart>().AddHostedService<JobRunner>();
        services.AddRazorComponents();
        services.Configure<FormOptions>(form => form.MultipartBodyLengthLimit = ItemRoutes.LargestUpload);
        services.AddHttpContextAccessor();
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.Converters.Add(new JsonStringEnumConverter(namingPolicy: null, allowIntegerValues: false));
            json.SerializerOptions.RespectNullableAnnotations = true;
            json.SerializerOptions.RespectRequiredConstructorParameters = true;
        });
        services.AddDataProtection().SetApplicationName("attune-studio").PersistKeysToFileSystem(Directory.CreateDirectory(options.Keys));
        services.AddAntiforgery(antiforgery => antiforgery.Cookie = new() { Name = "attune-form", HttpOnly = true, SameSite = SameSiteMode.Strict });
        Session.AddTo(services);
        Policies.AddTo(services);
        SignInLimits.AddTo(services);
    }

    static void UseMiddleware(WebApplication app)
    {
        // A proxy on this machine says who really asked and whether it was https; without one nothing changes.
        app.UseForwardedHeaders(new() { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto });
        app.UseMiddleware<SecurityHeaders>();
        app.UseMiddleware<Problems>();
        app.UseRouting();
        app.UseRateLimiter();
        app.UseAuthentication();
        app.UseMiddleware<SinglePerson>();
        app.UseAuthorization();
        app.UseMiddleware<FormToken>();
        app.UseAntiforgery();
    }

    static void MapRoutes(WebApplication app)
    {
        AssetRoutes.Map(app);
        SignInRoutes.Map(app);
        AccountRoutes.Map(app);
        ProjectRoutes.Map(app);
        ItemRoutes.Map(app);
        ExportRoutes.Map(app);
        QualityRoutes.Map(app);
        AuditRoutes.Map(app);
        AnnotateRoutes.Map(app);
        LoopRoutes.Map(app);
        JobRoutes.Map(app);
        RunRoutes.Map(app);
    }
}
