using Attune.Store;

namespace Attune.Studio.Tests;

/// <summary>A studio that the tests of a class share; each test makes its own projects.</summary>
public sealed class SharedStudio : IAsyncLifetime
{
    readonly Dictionary<string, Visitor> visitors = [];

    internal RunningStudio Studio { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Studio = await RunningStudio.Start();

    /// <summary>A person who signs in once for all tests of a class.</summary>
    internal async Task<Visitor> Visitor(string name, Role role)
    {
        if (!visitors.TryGetValue(name, out var visitor))
            visitors[name] = visitor = await Studio.SignIn(name, role);
        return visitor;
    }

    public ValueTask DisposeAsync()
    {
        foreach (var visitor in visitors.Values)
            visitor.Dispose();
        return Studio.DisposeAsync();
    }
}
