namespace Attune.Cli.Quickstart;

/// <summary>The files of data/frontdesk, beside the program or in the checkout it was built from.</summary>
sealed class FrontDesk(string folder)
{
    public string Folder => folder;

    public string Corpus => In("corpus.jsonl");

    public string Demonstrations => In("demonstrations.jsonl");

    public string Prompts => In("prompts.jsonl");

    public string HeldOutPrompts => In("prompts-heldout.jsonl");

    /// <exception cref="FileNotFoundException">The data is nowhere above the program or the current folder.</exception>
    public static FrontDesk Find()
    {
        foreach (var start in new[] { AppContext.BaseDirectory, Environment.CurrentDirectory })
            for (var at = new DirectoryInfo(start); at is not null; at = at.Parent)
                if (File.Exists(Path.Combine(at.FullName, "data", "frontdesk", "topics.json")))
                    return new(Path.Combine(at.FullName, "data", "frontdesk"));
        throw new FileNotFoundException("the folder data/frontdesk is not here; run the quickstart in a checkout of Attune, or put the folder beside the program");
    }

    string In(string name) => Path.Combine(folder, name);
}
