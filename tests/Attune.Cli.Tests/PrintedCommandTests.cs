using System.Text.RegularExpressions;
using Attune.Cli.Quickstart;
using Attune.Testing;
using Attune.Training.Recipes;

namespace Attune.Cli.Tests;

/// <summary>
/// Runs the commands of README, docs, help and the quickstart as they are printed, on small data and models that are where the
/// quickstart puts them. Training commands make one step.
/// </summary>
public sealed partial class PrintedCommandTests(PrintedCommandTests.Workspace workspace) : IClassFixture<PrintedCommandTests.Workspace>
{
    /// <summary>Commands that a test cannot run, each with the reason.</summary>
    static readonly (string Beginning, string Reason)[] NotRun =
    [
        ("quickstart", "takes minutes; its stages are run here one by one"),
        ("studio", "serves until it is stopped; StudioCommandTests start it"),
        ("studio --", "serves until it is stopped; StudioCommandTests start it"),
        ("serve", "serves until it is stopped; ServeCommandTests start it"),
        ("chat", "reads what a person types; ChatSessionTests type"),
        ("study", "trains 48 runs; StudyTests run small studies"),
        ("bench ppo --preset L --device cuda", "needs a GPU"),
        ("models get", "needs the network; HubCommandTests get from a server on this machine"),
        ("models merge", "needs an adapter; ModelFilesCommandTests merge one"),
        ("data get", "needs the network; HubCommandTests get from a server on this machine"),
        ("data cache clear", "removes the user's tokenized data"),
        ("data inspect Anthropic/", "needs a data set of the Hub"),
        ("pretrain data.train=Anthropic/", "needs a data set of the Hub"),
        ("reward model=runs/hh/", "needs a data set of the Hub"),
        ("evaluate reward runs/hh/", "needs a data set of the Hub"),
        ("launch --processes 4 --machines 2", "needs two machines"),
        ("grpo rollout.engine=server", "needs a server; TrainingTests of Attune.Serving.Tests train with one"),
        ("feedback export --project hotel --question", "needs a project with several questions; QuestionTests export some"),
        ("feedback judge", "needs a server or a reward model of its own; FeedbackCommandTests ask a judge"),
        ("studio invite Olga --role owner --store", "needs PostgreSQL; the tests of the store start one"),
        ("feedback copy", "needs PostgreSQL; the tests of the store copy stores"),
        ("feedback restore", "restores the backup of a running studio; FeedbackCommandTests do both"),
    ];

    static readonly string[] OneStep =
    [
        "training.steps=1", "training.batchSize=4", "training.microBatchSize=0", "training.microBatchTokens=0", "training.workers=1",
    ];

    static readonly string[] Training = [.. MethodCatalog.All.Select(method => method.Name)];

    public static TheoryData<string> Pages =>
    [
        .. new[] { "README.md", "docs", "benchmarks" }.SelectMany(Markdown).Where(page => CommandsOf(page).Any()),
        "help",
        "quickstart",
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Commands_OfAPage_RunAsTheyArePrinted(string page)
    {
        using var folder = workspace.NewFolder();
        foreach (var command in CommandsOf(page))
        {
            Assert.StartsWith("./attune ", command, StringComparison.Ordinal);
            if (NotRun.Any(row => IsSame(row.Beginning, command)))
                continue;
            var (code, output, error) = Run(folder, command);
            Assert.True(code == 0, $"{page}: {command}\nexit code {code}\n{output}{error}");
        }
    }

    [Fact]
    public void Commands_OfTexts_NameCommandsThatExist()
    {
        var names = Commands.Run("--help").Output;
        foreach (var page in new[] { "README.md", "docs", "benchmarks", "data", "recipes" }.SelectMany(Markdown))
            foreach (Match match in InText().Matches(File.ReadAllText(Repository.PathTo(page))))
                Assert.Contains($"\n  {match.Groups["name"].Value} ", names, StringComparison.Ordinal);
    }

    [Fact]
    public void Recipes_CommandsOfTheirComments_Bind()
    {
        using var folder = workspace.NewFolder();
        var count = 0;
        foreach (var file in Directory.GetFiles(Repository.PathTo("recipes"), "*.yaml"))
            foreach (var command in Comments(file))
            {
                string[] words = [.. Shell.Split(command).Skip(1)];
                count++;
                if (!Training.Contains(words[0]))
                    continue;
                Assert.True(File.Exists(Path.Combine(folder.Path, words[1])), $"{file}: {command}");
                RecipeReader.Read(words[0], Path.Combine(folder.Path, words[1]), words[2..]);
            }
        Assert.InRange(count, 20, 200);
    }

    static bool IsSame(string beginning, string command) => beginning == "studio"
        ? command == "./attune studio"
        : command.StartsWith($"./attune {beginning}", StringComparison.Ordinal);

    static (int Code, string Output, string Error) Run(TemporaryFolder folder, string command)
    {
        List<string> words = [.. Shell.Split(command).Skip(1)];
        string? target = null;
        if (words.IndexOf(">") is > 0 and var redirection)
        {
            target = words[redirection + 1];
            words.RemoveRange(redirection, 2);
        }
        var result = Commands.RunIn(folder.Path, [.. Shortened(words)]);
        if (target is not null)
            File.WriteAllText(Path.Combine(folder.Path, target), result.Output);
        return result;
    }

    /// <summary>The command with values that make it short: one step, few and short responses.</summary>
    static IEnumerable<string> Shortened(List<string> words)
    {
        if (words[0] == "launch")
            return [.. words[..(words.IndexOf("--") + 1)], .. Shortened(words[(words.IndexOf("--") + 1)..])];
        if (words[0] == "bench")
            return With(words, ("--preset", "T"), ("--steps", "1"));
        if (words[0] == "generate")
            return With(words, ("--max-new-tokens", "4"));
        if (words is ["evaluate", "policy", ..])
            return With(words, ("--best-of", "2"), ("--most", "2"), ("--max-new-tokens", "4"));
        if (!Training.Contains(words[0]) || words.Contains("--help"))
            return words;
        return [.. words, .. OneStep, .. words[0] switch
        {
            "pretrain" => ["tokenizer.vocabularySize=300"],
            "reward" => ["normalise.samples=2", "tokenizer.vocabularySize=300"],
            "rft" => ["sampling.maxNewTokens=4", "rft.samplesPerPrompt=2", "rft.promptsPerRound=2"],
            "a2c" or "xpo" or "nash-md" => ["sampling.maxNewTokens=4"],
            "ppo" or "grpo" or "rloo" or "reinforce" or "trpo" or "nlpo" or "online-dpo" =>
                ["sampling.maxNewTokens=4", "updates.samplesPerPrompt=2", "updates.miniBatches=1", "updates.epochs=1"],
            _ => Array.Empty<string>(),
        }];
    }

    static IEnumerable<string> With(List<string> words, params (string Option, string Value)[] options)
    {
        foreach (var (option, value) in options)
            if (words.IndexOf(option) is >= 0 and var at)
                words[at + 1] = value;
            else
                words.AddRange([option, value]);
        return words;
    }

    /// <summary>The files of a page or a folder that are Markdown.</summary>
    static IEnumerable<string> Markdown(string name) => File.Exists(Repository.PathTo(name))
        ? [name]
        : Directory.GetFiles(Repository.PathTo(name), "*.md", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Repository.Root, path)).Order();

    /// <summary>The indented commands of a page, without their comments.</summary>
    static IEnumerable<string> CommandsOf(string page) => page switch
    {
        "help" => HelpExamples(),
        "quickstart" => QuickstartSummary.NextCommands(
                "./attune", "runs/quickstart/2-sft/model", "runs/quickstart/4-reward/model", "runs/quickstart/5-ppo/model")
            .Select(command => command.Command),
        _ => Indented().Matches(File.ReadAllText(Repository.PathTo(page))).Select(match =>
            WithoutComment(match.Groups["command"].Value.Replace("\\\n", " ", StringComparison.Ordinal))),
    };

    static string WithoutComment(string command) => Comment().Replace(command, "").Trim();

    static IEnumerable<string> HelpExamples() =>
        from command in HelpTests.AllCommands([])
        from line in Commands.RunAs("./attune", [.. command, "--help"]).Output.Split('\n')
            .SkipWhile(line => line != "Example:").Skip(1)
        where line.Length > 0 && command is not ["feedback"] and not ["evaluate"]       // the examples of their subcommands
        orderby command[0] == "feedback" ? 0 : 1, command[^1] == "export" || command[^1] == "list" || command[^1] == "backup" ? 1 : 0
        select line.Trim();

    static IEnumerable<string> Comments(string recipe) => File.ReadLines(recipe)
        .Where(line => line.StartsWith("#   ./attune ", StringComparison.Ordinal)).Select(line => Gap().Split(line[4..])[0]);

    [GeneratedRegex(@"^    (?<command>(?:\./)?attune (?:[^\n]*\\\n)*[^\n]*)", RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Indented();

    [GeneratedRegex(@"\s+#.*$", RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Comment();

    [GeneratedRegex("`\\./attune (?<name>[a-z][a-z0-9-]*)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex InText();

    [GeneratedRegex(" {3,}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Gap();

    /// <summary>Folders with small data, and models where the quickstart puts them.</summary>
    public sealed class Workspace : IDisposable
    {
        const int Rows = 24;

        readonly TemporaryFolder data = new();

        public Workspace()
        {
            CopyData();
            Link(data.Path, "recipes", "examples", "studies");
            Train("pretrain recipes/pretrain.yaml run.output=runs/quickstart/1-pretrain newModel.layers=1 newModel.width=16");
            Train("sft recipes/sft.yaml run.output=runs/quickstart/2-sft");
            Train("reward recipes/reward.yaml run.output=runs/quickstart/4-reward");
            Train("ppo recipes/ppo.yaml run.output=runs/quickstart/5-ppo");
            Directory.CreateDirectory(data.File("runs/quickstart/3-rankings"));
            foreach (var (from, to) in new[] { ("rankings", "train"), ("rankings-heldout", "heldout") })
                File.Copy(data.File($"data/frontdesk/{from}.jsonl"), data.File($"runs/quickstart/3-rankings/{to}.jsonl"));
        }

        /// <summary>A folder to work in, with its own runs.</summary>
        public TemporaryFolder NewFolder()
        {
            var folder = new TemporaryFolder();
            Link(folder.Path, "recipes", "examples", "studies");
            Directory.CreateDirectory(folder.File("data"));
            Directory.CreateSymbolicLink(folder.File("data/frontdesk"), data.File("data/frontdesk"));
            Link(folder.Path, "data/random-walks", "data/increasing-numbers", "data/arithmetic", "data/guessing-game", "data/sums");
            Directory.CreateDirectory(folder.File("runs"));
            Directory.CreateSymbolicLink(folder.File("runs/quickstart"), data.File("runs/quickstart"));
            return folder;
        }

        public void Dispose() => data.Dispose();

        void Train(string command)
        {
            var (code, output, error) = Run(data, $"./attune {command}");
            Assert.True(code == 0, $"{command}\n{output}{error}");
        }

        void CopyData()
        {
            var source = Repository.PathTo("data", "frontdesk");
            Directory.CreateDirectory(data.File("data/frontdesk"));
            foreach (var file in Directory.GetFiles(source))
            {
                var lines = File.ReadLines(file);
                File.WriteAllLines(
                    data.File($"data/frontdesk/{Path.GetFileName(file)}"),
                    file.EndsWith(".jsonl", StringComparison.Ordinal) ? lines.Take(Rows) : lines);
            }
        }

        static void Link(string folder, params string[] names)
        {
            foreach (var name in names)
                Directory.CreateSymbolicLink(Path.Combine(folder, name), Repository.PathTo(name));
        }
    }

    /// <summary>Splits a command into words as a shell does: quotes, and nothing else.</summary>
    static class Shell
    {
        public static IEnumerable<string> Split(string command)
        {
            var (word, quote) = (new System.Text.StringBuilder(), '\0');
            var isWord = false;
            foreach (var letter in command)
            {
                if (quote != '\0' ? letter == quote : letter is '"' or '\'')
                    (quote, isWord) = (quote == '\0' ? letter : '\0', true);
                else if (letter == ' ' && quote == '\0')
                {
                    if (isWord)
                        yield return word.ToString();
                    word.Clear();
                    isWord = false;
                }
                else
                {
                    word.Append(letter);
                    isWord = true;
                }
            }
            if (isWord)
                yield return word.ToString();
        }
    }
}
