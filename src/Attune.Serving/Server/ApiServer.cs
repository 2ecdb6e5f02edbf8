using Attune.Serving.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Attune.Serving.Server;

/// <summary>A web server with OpenAI's API for local models.</summary>
public static class ApiServer
{
    /// <summary>How much longer than <see cref="ServingOptions.Drain"/> the shutdown may take: cancelled streams end in it.</summary>
    static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>Loads the models and builds the server; start it with <c>Start</c>, and dispose of it to free the models.</summary>
    /// <exception cref="InvalidDataException">A model cannot be served, or an address but loopback has no keys.</exception>
    public static WebApplication Build(ServingOptions options)
    {
        if (!options.IsLoopback && options.ApiKeys.Count == 0)
            throw new InvalidDataException(
                $"others can reach the server on {options.Listen.Address}, so it needs API keys; give a file of them with --api-keys");
        var models = ServedModels.Load(options);
        try
        {
            return Build(options, models);
        }
        catch
        {
            models.Dispose();
            throw;
        }
    }

    /// <summary>The server owns the models from now on.</summary>
    static WebApplication Build(ServingOptions options, ServedModels models)
    {
        // The folder that the command runs in has no settings of the server.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(options.Listen);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxRequestBytes;
            kestrel.Limits.MaxConcurrentConnections = options.MaxConnections;
        });
        options.Log(builder.Logging);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.Drain + Grace);
        builder.Services.AddSingleton(options).AddSingleton(_ => models).AddSingleton<Draining>();
        var scheduling = options.Engine.Scheduling;
        builder.Services.AddSingleton(new RequestLimits(
            options.MaxTokens, options.MaxSamples, scheduling.MaxWaiting + scheduling.MaxRows, options.MaxMessages));
        // A web page whose name resolves to this machine is not one of its clients.
        builder.Services.Configure<HostFilteringOptions>(hosts =>
        {
            hosts.IncludeFailureMessage = false;
            hosts.AllowedHosts = options.IsLoopback && options.ApiKeys.Count == 0 ? ["localhost", "127.0.0.1", "[::1]"] : ["*"];
        });
        var app = builder.Build();
        app.UseMiddleware<ApiErrors>();
        app.UseHostFiltering();
        app.UseMiddleware<ApiKeys>();
        app.UseRouting();
        _ = app.Services.GetRequiredService<ServedModels>();           // so that it is disposed of with the services
        _ = app.Services.GetRequiredService<Draining>();
        HealthRoutes.Map(app);
        ModelRoutes.Map(app);
        ChatRoutes.Map(app);
        CompletionRoutes.Map(app);
        ScoreRoutes.Map(app);
        EmbeddingRoutes.Map(app);
        GenerateRoutes.Map(app);
        WeightRoutes.Map(app);
        return app;
    }
}
