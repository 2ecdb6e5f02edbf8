namespace Attune.Hub;

/// <summary>The addresses of the Hub and its cache, from the environment variables of huggingface_hub.</summary>
public sealed record HubSettings
{
    /// <summary>The Hub's address, or a mirror's: <c>HF_ENDPOINT</c>.</summary>
    public Uri Endpoint { get; init; } = new("https://huggingface.co/");

    /// <summary>The access token, or null: <c>HF_TOKEN</c>, or the file that <c>hf auth login</c> writes.</summary>
    public string? Token { get; init; }

    /// <summary>The folder with the cached repositories: <c>HF_HUB_CACHE</c>, or <c>hub</c> in <c>HF_HOME</c>.</summary>
    public required string Cache { get; init; }

    /// <summary>Whether only the cache is used: <c>HF_HUB_OFFLINE</c> or <c>TRANSFORMERS_OFFLINE</c> is 1, on, yes or true.</summary>
    public bool IsOffline { get; init; }

    /// <summary>The variable that <see cref="IsOffline"/> comes from, for messages.</summary>
    internal string OfflineVariable { get; init; } = "HF_HUB_OFFLINE";

    /// <summary>How long a connection may be silent before it counts as broken.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The time before the second attempt; it doubles with each further one.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The settings of the environment.</summary>
    /// <exception cref="InvalidDataException"><c>HF_ENDPOINT</c> is not an address.</exception>
    public static HubSettings FromEnvironment() => FromEnvironment(Environment.GetEnvironmentVariable);

    internal static HubSettings FromEnvironment(Func<string, string?> variable)
    {
        var user = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var home = First("HF_HOME") ?? Path.Combine(First("XDG_CACHE_HOME") ?? Path.Combine(user, ".cache"), "huggingface");
        var offline = First("HF_HUB_OFFLINE") is null && First("TRANSFORMERS_OFFLINE") is not null
            ? "TRANSFORMERS_OFFLINE" : "HF_HUB_OFFLINE";
        var tokenFile = First("HF_TOKEN_PATH") ?? Path.Combine(home, "token");
        var settings = new HubSettings
        {
            Cache = Path.GetFullPath(First("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") ?? Path.Combine(home, "hub")),
            IsOffline = First(offline)?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE",
            OfflineVariable = offline,
            Token = First("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN") ?? (File.Exists(tokenFile) ? Text(File.ReadAllText(tokenFile)) : null),
        };
        if (First("HF_ENDPOINT") is not { } endpoint)
            return settings;
        return Uri.TryCreate(endpoint.TrimEnd('/') + "/", UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? settings with { Endpoint = address }
            : throw new InvalidDataException(
                $"HF_ENDPOINT must be the address of a mirror, such as https://hf-mirror.com (was '{endpoint}')");

        string? First(params string[] names) => names.Select(name => Text(variable(name))).FirstOrDefault(value => value is not null);
    }

    /// <summary>Why a repository, or a file of it, cannot be had offline, and what to do.</summary>
    internal string NotCached(HubRepository repository, string? file = null) =>
        $"{OfflineVariable} is set, so only the cache in {Cache} is used, and {(file is null ? "" : $"{file} of ")}{repository} is not in "
        + $"it. Unset {OfflineVariable} and run `{repository.Command}`, or copy the cache from a machine that has it";

    static string? Text(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();
}
