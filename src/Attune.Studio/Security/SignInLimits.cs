using System.Net;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Studio.Security;

/// <summary>
/// Rate limits of sign-in: generous per address, since a team may share one, and strict per name. Links cannot be guessed.
/// </summary>
sealed class SignInLimits
{
    public const string Policy = "sign-in";

    const int OfAnAddress = 300;
    const int WithAName = 10;

    readonly PartitionedRateLimiter<(IPAddress? Address, string Name)> limiter =
        PartitionedRateLimiter.Create<(IPAddress? Address, string Name), (IPAddress?, string)>(
        tried => RateLimitPartition.GetFixedWindowLimiter((tried.Address, tried.Name.ToUpperInvariant()), _ => AMinute(WithAName)));

    public static void AddTo(IServiceCollection services) => services.AddSingleton<SignInLimits>().AddRateLimiter(limiter =>
    {
        limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        limiter.AddPolicy(Policy,
            context => RateLimitPartition.GetFixedWindowLimiter(context.Connection.RemoteIpAddress, _ => AMinute(OfAnAddress)));
    });

    /// <summary>Whether the sender may try this name now.</summary>
    public bool Allow(HttpContext context, string name)
    {
        using var lease = limiter.AttemptAcquire((context.Connection.RemoteIpAddress, name));
        return lease.IsAcquired;
    }

    static FixedWindowRateLimiterOptions AMinute(int attempts) => new() { PermitLimit = attempts, Window = TimeSpan.FromMinutes(1) };
}
