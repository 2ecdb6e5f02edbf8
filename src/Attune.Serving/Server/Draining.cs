using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace Attune.Serving.Server;

/// <summary>
/// The shutdown of a server: no request begins, those that run may finish for a while, and then they are cancelled.
/// </summary>
sealed class Draining : IDisposable
{
    readonly CancellationTokenSource end = new();
    readonly CancellationTokenRegistration registration;
    readonly IHostApplicationLifetime lifetime;

    public Draining(IHostApplicationLifetime lifetime, ServingOptions options)
    {
        this.lifetime = lifetime;
        registration = lifetime.ApplicationStopping.Register(() => end.CancelAfter(options.Drain));
    }

    public bool HasBegun => lifetime.ApplicationStopping.IsCancellationRequested;

    /// <summary>Cancelled when the client goes, or when the time for draining is over.</summary>
    public CancellationTokenSource LinkTo(HttpContext context) =>
        CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, end.Token);

    public void Dispose()
    {
        registration.Dispose();
        end.Dispose();
    }
}
