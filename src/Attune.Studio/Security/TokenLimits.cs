using System.Globalization;
using System.Threading.RateLimiting;
using Attune.Store;
using Microsoft.AspNetCore.Http;

namespace Attune.Studio.Security;

/// <summary>Limits the requests with each personal access token, so that a program in a loop leaves room for people.</summary>
sealed class TokenLimits : IDisposable
{
    /// <summary>The most requests a minute.</summary>
    internal const int OfAToken = 600;

    static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    readonly PartitionedRateLimiter<long> tokens = PartitionedRateLimiter.Create<long, long>(token =>
        RateLimitPartition.GetFixedWindowLimiter(token, _ => new() { PermitLimit = OfAToken, Window = Window }));

    /// <summary>Answers 429 when a token is used too often.</summary>
    public Task Invoke(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<AccessToken>() is not { } token || Wait(token.Id) is not { } wait)
            return next(context);
        context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
        context.Response.Headers.RetryAfter = wait.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
        return Task.CompletedTask;
    }

    /// <returns>Null where the token may be used now; otherwise how long to wait.</returns>
    TimeSpan? Wait(long token)
    {
        using var lease = tokens.AttemptAcquire(token);
        return lease.IsAcquired ? null : lease.TryGetMetadata(MetadataName.RetryAfter, out var left) ? left : Window;
    }

    public void Dispose() => tokens.Dispose();
}
