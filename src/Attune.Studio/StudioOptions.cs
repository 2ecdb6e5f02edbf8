using System.Net;

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

    /// <summary>Port 0 takes a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 5400);

    public string Store => Path.Combine(Folder, "studio.db");

    public string Keys => Path.Combine(Folder, "keys");

    /// <summary>Exports that training reads; each is a folder.</summary>
    public string Exports => Path.Combine(Folder, "exports");

    public string Jobs => Path.Combine(Folder, "jobs");

    /// <summary>Whether only programs of this machine can reach it.</summary>
    public bool IsLoopback => IPAddress.IsLoopback(Listen.Address);
}
