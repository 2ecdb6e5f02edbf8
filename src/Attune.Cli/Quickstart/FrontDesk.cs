namespace Attune.Cli.Quickstart;

/// <summary>The data and the recipes of the front desk, in the checkout that the program was built from or that it is started in.</summary>
sealed class FrontDesk(string root)
{
    /// <summary>What the simulated guest knows.</summary>
    public string Data => Path.Combine(root, "data", "frontdesk");

    public string Corpus => Path.Combine(Data, "corpus.jsonl");

    public string Demonstrations => Path.Combine(Data, "demonstrations.jsonl");

    public string Prompts => Path.Combine(Data, "prompts.jsonl");

    public string HeldOutPrompts => Path.Combine(Data, "prompts-heldout.jsonl");

    /// <exception cref="FileNotFoundException">The data is nowhere above the program or the current folder.</exception>
    public static FrontDesk Find()
    {
        foreach (var start in new[] { AppContext.BaseDirectory, Environment.CurrentDirectory })
            for (var at = new DirectoryInfo(start); at is not null; at = at.Parent)
                if (File.Exists(Path.Combine(at.FullName, "data", "frontdesk", "topics.json")))
                    return new(at.FullName);
        throw new FileNotFoundException("the folders data/frontdesk and recipes are not here; start the quickstart in a checkout of Attune");
    }

    /// <summary>The recipe of a method.</summary>
    public string Recipe(string method) => Path.Combine(root, "recipes", method + ".yaml");
}
