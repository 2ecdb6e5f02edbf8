using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Attune.Studio.Tests;

/// <summary>An OpenID Connect provider on a free port, which signs everybody in as <see cref="Claims"/>.</summary>
sealed class TestProvider : IAsyncDisposable
{
    public const string ClientId = "studio", Secret = "client secret";

    static readonly RsaSecurityKey FirstKey = NewKey();     // making one takes time

    readonly WebApplication app;
    readonly Dictionary<string, (string Redirect, string Challenge, string Nonce)> codes = [];
    RsaSecurityKey key = FirstKey;

    TestProvider(WebApplication app) => this.app = app;

    public Uri Address { get; private set; } = null!;

    /// <summary>The claims of the next ID token.</summary>
    public Dictionary<string, object> Claims { get; } = new() { ["sub"] = "1", ["name"] = "Mia" };

    /// <summary>Changes the next ID token: its claims, with issuer, audience, nonce and times.</summary>
    public Action<SecurityTokenDescriptor>? Change { get; set; }

    /// <summary>What the last request of the browser had.</summary>
    public IReadOnlyDictionary<string, string> Authorization { get; private set; } = new Dictionary<string, string>();

    public static async Task<TestProvider> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var provider = new TestProvider(builder.Build());
        provider.Map();
        await provider.app.StartAsync();
        var server = provider.app.Services.GetRequiredService<IServer>();
        provider.Address = new(server.Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return provider;
    }

    /// <summary>Signs with another key from now on, which only a new request for the keys shows.</summary>
    public void RotateKey() => key = NewKey();

    void Map()
    {
        app.MapGet("/.well-known/openid-configuration", () => Results.Json(new Dictionary<string, object>
        {
            ["issuer"] = Issuer, ["authorization_endpoint"] = $"{Issuer}authorize", ["token_endpoint"] = $"{Issuer}token",
            ["jwks_uri"] = $"{Issuer}keys", ["response_types_supported"] = new[] { "code" },
            ["id_token_signing_alg_values_supported"] = new[] { "RS256" },
        }));
        app.MapGet("/keys", () =>
        {
            var parameters = key.Rsa.ExportParameters(includePrivateParameters: false);
            return Results.Json(new
            {
                keys = new[]
                {
                    new
                    {
                        kty = "RSA", use = "sig", kid = key.KeyId, n = Base64UrlEncoder.Encode(parameters.Modulus),
                        e = Base64UrlEncoder.Encode(parameters.Exponent),
                    },
                },
            });
        });
        app.MapGet("/authorize", Authorize);
        app.MapPost("/token", Token);
    }

    string Issuer => Address.ToString();

    IResult Authorize(HttpRequest request)
    {
        Authorization = request.Query.ToDictionary(field => field.Key, field => $"{field.Value}");
        var code = Guid.NewGuid().ToString("N");
        codes[code] = (Authorization["redirect_uri"], Authorization["code_challenge"], Authorization["nonce"]);
        return Results.Redirect(QueryHelpers.AddQueryString(Authorization["redirect_uri"],
            new Dictionary<string, string?> { ["code"] = code, ["state"] = Authorization["state"] }));
    }

    /// <summary>Checks code, redirect address, client and the verifier of PKCE, as RFC 7636 says.</summary>
    async Task<IResult> Token(HttpRequest request)
    {
        var form = await request.ReadFormAsync();
        var challenge = Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes($"{form["code_verifier"]}")));
        if (!codes.Remove($"{form["code"]}", out var code) || code.Redirect != form["redirect_uri"] || code.Challenge != challenge
            || form["client_id"] != ClientId || form["client_secret"] != Secret)
            return Results.Json(new { error = "invalid_grant" }, statusCode: StatusCodes.Status400BadRequest);
        var now = DateTime.UtcNow;
        var token = new SecurityTokenDescriptor
        {
            Issuer = Issuer, Audience = ClientId, IssuedAt = now, NotBefore = now, Expires = now.AddMinutes(5),
            Claims = new Dictionary<string, object>(Claims) { ["nonce"] = code.Nonce },
            SigningCredentials = new(key, SecurityAlgorithms.RsaSha256),
        };
        Change?.Invoke(token);
        return Results.Json(new { access_token = "none", token_type = "Bearer", id_token = new JsonWebTokenHandler().CreateToken(token) });
    }

    static RsaSecurityKey NewKey() => new(RSA.Create(2048)) { KeyId = Guid.NewGuid().ToString("N") };

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
