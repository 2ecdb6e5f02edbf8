using System.Net;
using Attune.Reporting.Reports;
using Attune.Reporting.Runs;
using Attune.Studio.Dialogues;
using Attune.Studio.Security;
using Microsoft.Extensions.Logging;

namespace Attune.Studio;

/// <summary>Options of the studio.</summary>
public sealed record StudioOptions
{
    /// <summary>The folder of the store, unless another one is given, of the session keys and of the files of jobs.</summary>
    public required string Folder { get; init; }

    /// <summary>The folder of runs that the pages show and in which new runs are created.</summary>
    public required string Runs { get; init; }

    /// <summary>The command that starts Attune as a child process: <c>attune</c>, or <c>dotnet attune.dll</c>.</summary>
    public required IReadOnlyList<string> Attune { get; init; }

    /// <summary>The available training methods.</summary>
    public IReadOnlyList<MethodDescription> Methods { get; init; } = [];

    /// <summary>
    /// Returns the complete recipe of a method with key=value arguments over its defaults; throws <see cref="InvalidDataException"/> for an
    /// invalid argument. The studio has no reference to the training code.
    /// </summary>
    public Func<string, IReadOnlyList<string>, CompleteRecipe> Recipe { get; init; } =
        (method, _) => throw new InvalidDataException($"this studio cannot train with {method}: it was started without training methods");

    /// <summary>Sets where log messages go, and their least level; Information logs every request.</summary>
    public Action<ILoggingBuilder> Log { get; init; } = logging => logging.SetMinimumLevel(LogLevel.Warning);

    /// <summary>Port 0 uses a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 5400);

    /// <summary>The address at which people reach the studio; null takes it from each request.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>Sign-in with an OpenID Connect provider; null for passwords and personal links only.</summary>
    public OidcOptions? Oidc { get; init; }

    /// <summary>A file, or the address of a PostgreSQL database; <c>studio.db</c> in the folder when left out.</summary>
    public string Store { get => field ?? Path.Combine(Folder, "studio.db"); init; }

    public string Keys => Path.Combine(Folder, "keys");

    /// <summary>Exports for training, each in a folder.</summary>
    public string Exports => Path.Combine(Folder, "exports");

    /// <summary>Limits of the models that respond in conversations.</summary>
    public ModelServerOptions ModelServers { get; init; } = new();

    public string Jobs => Path.Combine(Folder, "jobs");

    /// <summary>Chat templates of projects, which their models' servers read.</summary>
    public string ChatTemplates => Path.Combine(Folder, "chat-templates");

    /// <summary>The description of a method; for an unknown method, its name.</summary>
    public MethodDescription Method(string name) => Methods.FirstOrDefault(method => method.Name == name) ?? new(name);

    /// <summary>Whether it listens on loopback only.</summary>
    public bool IsLoopback => IPAddress.IsLoopback(Listen.Address);
}
