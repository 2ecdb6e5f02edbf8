using System.CommandLine;
using System.Text.Json.Nodes;
using Attune.Data;
using Attune.Store;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Rewards;

namespace Attune.Cli.Commands;

/// <summary><c>attune feedback judge --project NAME --judge MODEL</c>: a model compares the responses of the items.</summary>
static class FeedbackJudge
{
    const int ItemsAtOnce = 16;

    static readonly Option<string> Judge = new("--judge")
    {
        HelpName = "FOLDER|YAML",
        Description = "A reward model's folder, or a judge as YAML such as '{kind: openai, url: URL, model: NAME, compare: true}'",
        Required = true,
    };
    static readonly Option<string?> Name = new("--name")
    {
        HelpName = "JUDGE", Description = "The judge's name in the studio (default: the name of the model or its run)",
    };
    static readonly Option<string?> Question = new("--question")
    {
        HelpName = "KEY", Description = "The question of the project (default: the first)",
    };
    static readonly Option<int> Most = new("--most") { Description = "The most items to judge; 0 for all" };
    static readonly Option<string> On = ModelOptions.Device();

    public static Command Create()
    {
        var command = new Command("judge", "Let a model compare the responses of a project's items, in both orders")
        {
            FeedbackCommand.Project, Judge, FeedbackCommand.Folder, FeedbackCommand.Store, Name, Question, Most, On,
        };
        command.SetAction(Run);
        return CommandHelp.WithExample(command, """
            attune feedback judge --project hotel --judge "{kind: openai, url: http://localhost:8000/v1, model: Qwen3-8B, compare: true}"
            attune feedback judge --project hotel --judge runs/quickstart/4-reward/model
            """);
    }

    static int Run(ParseResult parsed)
    {
        var options = EvaluatePolicyCommand.Rewards(parsed.GetValue(Judge)) is [var one] ? one
            : throw new InvalidDataException("--judge must be one model.");
        if (options is not (ModelReward or RequestedReward { Compare: true }))
            throw new InvalidDataException("--judge must be a reward model's folder, or a reward with `compare: true`.");
        using var store = FeedbackCommand.Open(parsed);
        var project = FeedbackCommand.Find(store, parsed.GetValue(FeedbackCommand.Project)!);
        var question = parsed.GetValue(Question);
        _ = project.Settings.JudgmentKey(question);
        using var interruption = new CancellationOnSignal();
        using var judge = Create(options, TextOf(project, question), Device.Parse(parsed.GetValue(On)!), interruption.Token);
        var by = FeedbackImport.OwnerOf(store);
        var person = store.People.Judge(parsed.GetValue(Name) ?? NameOf(options), by);
        var (most, judged) = (parsed.GetValue(Most) is > 0 and var limit ? limit : int.MaxValue, 0);
        while (judged < most && !interruption.Token.IsCancellationRequested
            && store.Judges.Next(project, person.Id, question, Math.Min(ItemsAtOnce, most - judged)) is { Count: > 0 } items)
        {
            store.Judges.Add(project, Votes(judge, items, person.Id), question, by);
            judged += items.Count;
        }
        Print(store, project, question, person, judged);
        return 0;
    }

    /// <summary>Asks about every pair of each item's responses in both orders.</summary>
    static List<JudgeVote> Votes(IJudge judge, IReadOnlyList<Item> items, long person)
    {
        var asked = (
            from item in items
            let responses = item.Answers.Select(answer => Response(item, answer)).ToList()
            from first in Enumerable.Range(0, responses.Count)
            from second in Enumerable.Range(0, responses.Count)
            where first != second
            select (item, first, second, Pair: (responses[first], responses[second]))).ToList();
        return [.. asked.Zip(judge.Compare([.. asked.Select(each => each.Pair)]),
            (each, preference) => new JudgeVote(each.item.Id, person, each.first, each.second, preference))];
    }

    static TextResponse Response(Item item, ItemResponse answer) =>
        new(new([], Plain(item.Prompt)), Plain(answer.Text), new([], [], [], Ended: true));

    /// <summary>A text as it is; messages as turns with their roles, one message alone as its text.</summary>
    static string Plain(JsonNode text) => text is not JsonArray messages ? (string)text!
        : messages is [JsonObject single] ? $"{single["content"]}"
        : string.Join("\n\n", messages.Select(message => $"{message!["role"]}: {message["content"]}"));

    static IJudge Create(RewardOptions options, string? question, Device device, CancellationToken cancellation) => options switch
    {
        ModelReward reward => new RewardModelJudge(reward.Model, device),
        OpenAiReward { Question: "" } model when question is not null =>
            (model with { Question = OpenAiReward.AskToCompare(question) }).NewJudge(Notices.Write, cancellation),
        _ => ((RequestedReward)options).NewJudge(Notices.Write, cancellation),
    };

    static string? TextOf(Project project, string? question) => question is null
        ? project.Settings.Questions is [var only, ..] ? only.Text : null
        : project.Settings.Questions.First(each => each.Key == question).Text;

    static string NameOf(RewardOptions options) => options switch
    {
        ModelReward reward => new DirectoryInfo(reward.Model) is { Name: "model", Parent.Name: var run } ? run
            : Path.GetFileName(Path.TrimEndingDirectorySeparator(reward.Model)),
        OpenAiReward model => model.Model,
        _ => options.Title,
    };

    static void Print(PreferenceStore store, Project project, string? question, Person judge, int judged)
    {
        var people = store.Statistics.Load(project.Id, AnswerDetail.Nothing, question);
        var figures = JudgeFigures.Of(store.Judges.Votes(project, question), people).SingleOrDefault(own => own.Judge == judge.Id);
        Console.Out.WriteLine($"{judge.Name}: {Quantity.Of(judged, "item")} judged, {Quantity.Of(figures?.Pairs ?? 0, "pair")} in all");
        if (figures is null)
            return;
        Console.Out.WriteLine($"{Percent(figures.First.Share)} of its preferences are for the response that it reads first; "
            + $"{Percent(figures.Consistent.Share)} of the pairs have the same result in both orders");
        Console.Out.WriteLine(figures.Agreement is { Value: { } agreement } estimate
            ? $"It agrees with {Percent(agreement)} of people's preferences ({Percent(estimate.Low)} to {Percent(estimate.High)})"
            : "People have no preference on these pairs yet");

        static string Percent(double? share) => share is { } value ? Reporting.Charts.NumberFormat.Percent(value) : "–";
    }
}

/// <summary>A reward model as a judge: the response with the higher score is better, with the probability of Bradley and Terry.</summary>
sealed class RewardModelJudge(string folder, Device device) : IJudge
{
    readonly RewardScorer scorer = RewardScorer.Load([folder], device, null, new());

    public double[] Compare(IReadOnlyList<(TextResponse First, TextResponse Second)> pairs)
    {
        var texts = pairs.SelectMany(pair => new[] { pair.First, pair.Second }).Distinct().ToList();
        var scores = texts.Zip(scorer.Score([.. texts.Select(Example)]), (text, scored) => (text, scored[0].Logit))
            .ToDictionary(scored => scored.text, scored => scored.Logit);
        return [.. pairs.Select(pair => 1 / (1 + Math.Exp(scores[pair.Second] - scores[pair.First])))];
    }

    static Example Example(TextResponse response) => new Demonstration(new("the project", 0), response.Prompt.Text, response.Text);

    public void Dispose()
    {
    }
}
