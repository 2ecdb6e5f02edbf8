namespace Attune.Cli.Quickstart;

/// <summary>The data and recipes of the quickstart, in the checkout that contains the program or the current folder.</summary>
sealed class FrontDesk(string root)
{
    /// <summary>The folder of the data, which the simulated guest reads too.</summary>
    public string Data => Path.Combine(root, "data", "frontdesk");

    public string Corpus => Path.Combine(Data, "corpus.jsonl");

    public string Demonstrations => Path.Combine(Data, "demonstrations.jsonl");

    public string Prompts => Path.Combine(Data, "prompts.jsonl");

    public string HeldOutPrompts => Path.Combine(Data, "prompts-heldout.jsonl");

    /// <exception cref="FileNotFoundException">No folder above the program or the current folder has the data.</exception>
    public static FrontDesk Find()
    {
        foreach (var start in new[] { AppContext.BaseDirectory, Environment.CurrentDirectory })
            for (var at = new DirectoryInfo(start); at is not null; at = at.Parent)
                if (File.Exists(Path.Combine(at.FullName, "data", "frontdesk", "topics.json")))
                    return new(at.FullName);
        throw new FileNotFoundException(
            "The folders data/frontdesk and recipes were not found. Start the quickstart in a checkout of Attune.");
    }

    /// <summary>The recipe of a method.</summary>
    public string Recipe(string method) => Path.Combine(root, "recipes", method + ".yaml");
}
