using System.Net;
using Microsoft.Extensions.Logging;

namespace Attune.Serving;

/// <summary>A model that a server has.</summary>
/// <param name="Name">The name that requests have.</param>
/// <param name="Folder">Its folder.</param>
public sealed record ServedFolder(string Name, string Folder);

/// <summary>What a server serves, to whom, and how much.</summary>
public sealed record ServingOptions
{
    /// <summary>The models: language models, reward models and encoders.</summary>
    public required IReadOnlyList<ServedFolder> Models { get; init; }

    /// <summary>LoRA adapters of the first language model.</summary>
    public IReadOnlyList<ServedFolder> Adapters { get; init; } = [];

    /// <summary>The address and the port; port 0 is a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 8000);

    /// <summary>The keys of which a request must have one; empty for none, which is allowed on a loopback address only.</summary>
    public IReadOnlyList<string> ApiKeys { get; init; } = [];

    /// <summary>How language models are loaded, and how much they do at a time.</summary>
    public ChatEngineOptions Engine { get; init; } = new();

    /// <summary>The most tokens of a response.</summary>
    public int MaxTokens { get; init; } = 4096;

    /// <summary>The most responses to one prompt.</summary>
    public int MaxSamples { get; init; } = 128;

    /// <summary>The most messages of a conversation.</summary>
    public int MaxMessages { get; init; } = 1000;

    /// <summary>The most bytes of a request.</summary>
    public long MaxRequestBytes { get; init; } = 4 << 20;

    /// <summary>The most connections at a time.</summary>
    public int MaxConnections { get; init; } = 512;

    /// <summary>
    /// Whether requests may load weights and adapters. They name folders of this machine, so only for clients that may read these.
    /// </summary>
    public bool AllowWeightUpdates { get; init; }

    /// <summary>How long responses may continue after the server was told to stop; then they are cancelled.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Sets where log messages go, and their least level; Information logs every request.</summary>
    public Action<ILoggingBuilder> Log { get; init; } = logging => logging.SetMinimumLevel(LogLevel.Warning);

    internal bool IsLoopback => IPAddress.IsLoopback(Listen.Address);
}
