namespace Attune.Hub;

/// <summary>What a repository of the Hub holds.</summary>
public enum HubKind
{
    Model,
    Dataset,
}

/// <summary>The kinds of repositories in sentences.</summary>
public static class HubKindNames
{
    /// <summary>"model" or "data set".</summary>
    public static string Noun(this HubKind kind) => kind == HubKind.Model ? "model" : "data set";
}
