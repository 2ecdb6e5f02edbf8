using System.Net;
using Attune.Reporting.Reports;

namespace Attune.Studio;

/// <summary>Where a studio lives and listens.</summary>
public sealed record StudioOptions
{
    /// <summary>Holds the store, the keys of sessions, and what jobs make.</summary>
    public required string Folder { get; init; }

    /// <summary>The folder of run folders that the page of runs shows, and in which new runs begin.</summary>
    public required string Runs { get; init; }

    /// <summary>The program and its first words that start Attune again as a child: <c>attune</c>, or <c>dotnet attune.dll</c>.</summary>
    public required IReadOnlyList<string> Attune { get; init; }

    /// <summary>The training methods of the program that starts the studio.</summary>
    public IReadOnlyList<MethodDescription> Methods { get; init; } = [];

    /// <summary>
    /// Gives the whole recipe of a method with key=value words over its defaults, and throws <see cref="InvalidDataException"/> where
    /// a word is wrong. The studio does not refer to what trains.
    /// </summary>
    public Func<string, IReadOnlyList<string>, string> Recipe { get; init; } =
        (method, _) => throw new InvalidDataException($"this studio cannot train by {method}: it was started without training methods");

    /// <summary>Port 0 takes a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 5400);

    public string Store => Path.Combine(Folder, "studio.db");

    public string Keys => Path.Combine(Folder, "keys");

    /// <summary>Exports that training reads; each is a folder.</summary>
    public string Exports => Path.Combine(Folder, "exports");

    public string Jobs => Path.Combine(Folder, "jobs");

    /// <summary>The description of a method; of one that this program does not have, its name.</summary>
    public MethodDescription Method(string name) => Methods.FirstOrDefault(method => method.Name == name) ?? new(name);

    /// <summary>Whether only programs of this machine can reach it.</summary>
    public bool IsLoopback => IPAddress.IsLoopback(Listen.Address);
}
