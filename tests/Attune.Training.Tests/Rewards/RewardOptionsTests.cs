using System.Diagnostics;
using System.Text.Json;
using Attune.Quickstart;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Recipes;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Rewards;

/// <summary>Every key of every kind changes the result.</summary>
public sealed class RewardOptionsTests : IDisposable
{
    static readonly string Script =
        "while read -r line; do echo \"$line\" >> seen; id=${line#*:}; id=${id%%,*}; echo \"{\\\"id\\\":$id,\\\"scores\\\":[1,2]}\"; done";

    readonly TinyRuns runs = new();
    readonly TemporaryFolder folder = new();

    public void Dispose()
    {
        runs.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void EveryKeyChangesTheOutcome()
    {
        var tried = new HashSet<(string, string)>();
        foreach (var (key, before, after) in Changes())
        {
            Assert.NotEqual(Outcome(before), Outcome(after));
            tried.Add((before.Kind, key));
        }
        foreach (var (kind, defaults) in RewardSources.Kinds)
            foreach (var (key, property) in RecipeKeys.Of(defaults.GetType()))
                if (property.DeclaringType == typeof(RewardOptions))
                    // the keys of all kinds are tested with one kind
                    Assert.Contains(("length", key), tried);
                else if (property.DeclaringType == typeof(RemoteReward) || property.DeclaringType == typeof(RequestedReward))
                    Assert.Contains(("process", key), tried);
                else
                    Assert.Contains((kind, key), tried);
    }

    IEnumerable<(string Key, RewardOptions Before, RewardOptions After)> Changes()
    {
        var length = new LengthReward();
        yield return ("name", length, length with { Name = "brevity" });
        yield return ("weight", length, length with { Weight = 2 });
        yield return ("scaling", length, length with { Scaling = ScoreScaling.Whiten });
        yield return ("unit", length, length with { Unit = LengthUnit.Characters });
        yield return ("target", length, length with { Target = 3 });
        yield return ("model", new ModelReward { Model = runs.RewardModel }, new ModelReward { Model = OtherModel() });
        string[] both = [runs.RewardModel, OtherModel()];
        yield return ("models", new ModelReward { Models = [runs.RewardModel] }, new ModelReward { Models = both });
        yield return ("combine", new ModelReward { Models = both },
            new ModelReward { Models = both, Combine = EnsembleCombination.Minimum });
        var deviations = new ModelReward { Models = both, Combine = EnsembleCombination.Deviations };
        yield return ("deviations", deviations, deviations with { Deviations = 2 });
        var steps = new ModelReward { Model = ProcessModel() };
        yield return ("steps", steps, steps with { Steps = StepScore.Product });
        yield return ("perStep", steps, steps with { PerStep = false });
        var regex = new RegexReward { Pattern = "[a-z]o" };
        yield return ("pattern", regex, regex with { Pattern = "zz" });
        yield return ("whole", regex, regex with { Whole = true });
        yield return ("ignoreCase", regex with { Pattern = "WOOF" }, regex with { Pattern = "WOOF", IgnoreCase = true });
        yield return ("count", regex, regex with { Count = true });
        var keywords = new KeywordsReward { Words = ["Woof"] };
        yield return ("words", keywords, keywords with { Words = ["zebra"] });
        yield return ("matchCase", keywords, keywords with { MatchCase = true });
        yield return ("ngram", new RepetitionReward(), new RepetitionReward { Ngram = 1 });
        yield return ("unit", new RepetitionReward { Ngram = 1 }, new RepetitionReward { Ngram = 1, Unit = LengthUnit.Characters });
        yield return ("required", new JsonReward(), new JsonReward { Required = ["a"] });
        var schema = folder.Write("schema.json", """{"type":"object"}""");
        yield return ("schema", new JsonReward(), new JsonReward { Schema = schema });
        var match = new ExactMatchReward();
        yield return ("field", match, match with { Field = "other" });
        yield return ("matchCase", match, match with { MatchCase = true });
        var number = new NumberReward { Field = "number" };
        yield return ("field", number, number with { Field = "other" });
        yield return ("tolerance", number with { Field = "other" }, number with { Field = "other", Tolerance = 2 });
        yield return ("after", match, match with { After = "#" });
        yield return ("after", number with { Field = "number" }, number with { Field = "number", After = "#" });
        var boxed = new BoxedReward();
        yield return ("field", boxed, boxed with { Field = "nothing" });
        yield return ("after", boxed with { Field = "number" }, boxed with { Field = "number", After = "#" });
        var cosine = new CosineReward { Field = "number", Check = AnswerCheck.Number, MaxLength = 40 };
        yield return ("field", cosine, cosine with { Field = "other" });
        yield return ("after", cosine, cosine with { After = "#" });
        yield return ("check", cosine, cosine with { Check = AnswerCheck.ExactMatch });
        yield return ("maxLength", cosine, cosine with { MaxLength = 80 });
        yield return ("minValueWrong", cosine, cosine with { MinValueWrong = -2 });
        yield return ("maxValueWrong", cosine, cosine with { MaxValueWrong = 0 });
        yield return ("minValueCorrect", cosine, cosine with { MinValueCorrect = 0 });
        yield return ("maxValueCorrect", cosine, cosine with { MaxValueCorrect = 2 });
        var increasing = new IncreasingNumbersReward();
        yield return ("minWords", increasing, increasing with { MinWords = 40 });
        foreach (var change in MetricChanges().Concat(EncoderChanges()))
            yield return change;
        yield return ("folder", new GuestReward { Folder = Repository.PathTo("data", "frontdesk") },
            new GuestReward { Folder = folder.Path });
        var plugin = new PluginReward { Assembly = GetType().Assembly.Location, Type = typeof(PluginRule).FullName! };
        yield return ("assembly", plugin, plugin with { Assembly = typeof(RewardSources).Assembly.Location });
        yield return ("type", plugin, plugin with { Type = typeof(PluginOfDenseScores).FullName! });
        var http = new HttpReward { Url = "http://127.0.0.1:1/a", Retries = 0 };
        yield return ("url", http, http with { Url = "http://127.0.0.1:1/b" });
        foreach (var change in RemoteChanges().Concat(ChatChanges()))
            yield return change;
    }

    /// <summary>A model whose score is a hash of the request, and one whose score is 2 for requests that are open together.</summary>
    static IEnumerable<(string Key, RewardOptions Before, RewardOptions After)> ChatChanges()
    {
        const string Key = "ATTUNE_TEST_KEY";
        Environment.SetEnvironmentVariable(Key, "secret");
        var (open, patience) = (0, TimeSpan.FromMinutes(1));                           // until two have met once; a busy machine is slow
        using var server = new FakeServer((call, body) => (200, JudgeTests.Chat($"{(call + body).Sum(symbol => symbol * 7) % 10}")));
        using var counting = new FakeServer(_ =>
        {
            Interlocked.Increment(ref open);
            var isShared = SpinWait.SpinUntil(() => Volatile.Read(ref open) >= 2, patience);
            patience = TimeSpan.FromSeconds(1);
            Thread.Sleep(100);
            Interlocked.Decrement(ref open);
            return (200, JudgeTests.Chat(isShared ? "2" : "1"));
        });
        var chat = new OpenAiReward { Url = server.Url, Model = "a", ApiKeyVariable = "ATTUNE_TEST_NO_KEY" };
        yield return ("url", chat, chat with { Url = server.Url + "/b" });
        yield return ("model", chat, chat with { Model = "b" });
        yield return ("apiKeyVariable", chat, chat with { ApiKeyVariable = Key });
        yield return ("question", chat, chat with { Question = "{response}" });
        yield return ("minimum", chat, chat with { Minimum = -1 });
        yield return ("maximum", chat, chat with { Maximum = 11 });
        yield return ("temperature", chat, chat with { Temperature = 1 });
        yield return ("maxTokens", chat, chat with { MaxTokens = 8 });
        var counted = chat with { Url = counting.Url };
        yield return ("concurrency", counted, counted with { Concurrency = 1 });
    }

    static IEnumerable<(string Key, RewardOptions Before, RewardOptions After)> MetricChanges()
    {
        foreach (var metric in RewardSources.Kinds.Values.OfType<TextMetricReward>())
            yield return ("field", metric with { Field = "text" }, metric with { Field = "nothing" });
        var rouge = new RougeReward { Field = "text" };
        yield return ("type", rouge, rouge with { Type = Reporting.TextMetrics.RougeType.Rouge2 });
        var words = rouge with { Type = Reporting.TextMetrics.RougeType.Rouge1 };
        yield return ("stemmer", words, words with { Stemmer = false });
        var bleu = new BleuReward { Field = "text" };
        yield return ("smoothing", bleu, bleu with { Smoothing = Reporting.TextMetrics.BleuSmoothing.None });
        yield return ("tokenizer", bleu, bleu with { Tokenizer = Reporting.TextMetrics.BleuTokenizer.Characters });
        yield return ("ignoreCase", bleu, bleu with { IgnoreCase = true });
        var parent = new ParentReward { Field = "text", Table = "facts" };
        yield return ("table", parent, parent with { Table = "nothing" });
        yield return ("lambda", parent, parent with { Lambda = 1 });
        var chrf = new ChrfReward { Field = "text" };
        yield return ("wordOrder", chrf, chrf with { WordOrder = 2 });
    }

    IEnumerable<(string Key, RewardOptions Before, RewardOptions After)> EncoderChanges()
    {
        string Folder(string name, double factor) =>
            TinyClassifier.Write(folder.File(name), ("bad", factor), ("12", 2), ("13", -1));
        var (model, other) = (Folder("classifier", 1), Folder("other", 3));
        var classifier = new ClassifierReward { Model = model, Labels = ["bad"] };
        yield return ("model", classifier, classifier with { Model = other });
        yield return ("labels", classifier, classifier with { Labels = ["12"] });
        yield return ("field", classifier with { Labels = [], Field = "number" }, classifier with { Labels = [], Field = "other" });
        yield return ("score", classifier, classifier with { Score = ClassifierScore.Logit });
        yield return ("withPrompt", classifier, classifier with { WithPrompt = false });
        var bert = new BertScoreReward { Model = model, Field = "text" };
        yield return ("model", bert, bert with { Model = runs.RewardModel });
        yield return ("field", bert, bert with { Field = "nothing" });
        yield return ("measure", bert, bert with { Measure = BertScoreMeasure.Recall });
        yield return ("layer", bert, bert with { Layer = 1 });
        yield return ("idf", bert with { Field = "answer" }, bert with { Field = "answer", Idf = true });
        yield return ("baseline", bert, bert with { Baseline = [0.5, 0.5, 0.5] });
    }

    IEnumerable<(string Key, RewardOptions Before, RewardOptions After)> RemoteChanges()
    {
        var process = new ProcessReward { Command = Script, Folder = folder.Path, Backoff = 0 };
        yield return ("command", process, process with { Command = Script.Replace("[1,2]", "[3,4]", StringComparison.Ordinal) });
        yield return ("folder", process, process with { Folder = folder.File("nowhere") });
        yield return ("fields", process, process with { Fields = ["answer"] });
        yield return ("tokens", process, process with { Tokens = true });
        yield return ("compare", process, process with { Compare = true });
        yield return ("timeout", process with { Command = "sleep 9", Retries = 0, Timeout = 0.1 },
            process with { Command = "sleep 9", Retries = 0, Timeout = 0.2 });
        yield return ("retries", process with { Command = "exit 1", Retries = 0 }, process with { Command = "exit 1", Retries = 2 });
        yield return ("backoff", process with { Command = "exit 1", Retries = 1 },
            process with { Command = "exit 1", Retries = 1, Backoff = 3 });
    }

    /// <summary>All observable results of a reward: scores, metrics, requests, notices, and whether it waited.</summary>
    string Outcome(RewardOptions options)
    {
        var clock = Stopwatch.StartNew();
        var said = "";
        try
        {
            using var source = RewardSources.Create([options, new JsonReward { Name = "json2", Weight = 0 }], Rewarded.Context().Policy);
            var scores = source.ScoreAndUpdateStatistics(Rollouts());
            said = string.Join(' ', scores.Rows.Select(row => string.Join(',', row))) + string.Join(' ', scores.Parts.Keys);
        }
        catch (InvalidDataException error)
        {
            said = error.Message;
        }
        var sent = File.Exists(folder.File("seen")) ? File.ReadAllText(folder.File("seen")) : "";
        File.Delete(folder.File("seen"));
        return $"{said} {sent} {(clock.Elapsed > TimeSpan.FromSeconds(2.9) ? "late" : "")}";
    }

    static Rollouts Rollouts()
    {
        var rollouts = Rewarded.Rollouts("The cat says", @"woof moo woof moo 12 \boxed{12}", "[1]");
        var row = new Data.Row(new("a", 1), JsonElement.Parse("""
            {"answer":["WOOF moo woof moo 12 \\boxed{12}"],"other":13,"number":12,"text":"Moo Woof woofs 12",
             "facts":{"a":"woof moo","b":"12"}}
            """));
        return rollouts with { Prompts = [.. rollouts.Prompts.Select(prompt => prompt with { Row = row })] };
    }

    /// <summary>A process reward model that divides the first response in three steps.</summary>
    string ProcessModel() => runs.Start(
        "prm", (PrmRecipe)runs.Recipe("prm", "prm", steps: 2) with { Prm = new() { StepSeparator = " moo" } }).Model;

    string OtherModel()
    {
        using var random = new Torch.RandomSource(9);
        var model = Models.Checkpoints.Pretrained.LoadRewardModel(runs.RewardModel);
        using (Torch.Autograd.NoGrad())
            foreach (var parameter in model.Parameters)
                parameter.Value.NormalInPlace(0, 0.3, random);
        ModelFolder.Save(folder.File("other"), model, Attune.Testing.Models.TinyData.Tokenizer);
        return folder.File("other");
    }
}
