using System.CommandLine;
using System.Text.Json;
using Attune.Data;
using Attune.Generation;
using Attune.Reporting.Evaluation;
using Attune.Reporting.Files;
using Attune.Reporting.Pages;
using Attune.Reporting.Runs;
using Attune.Torch;
using Attune.Training.Evaluation;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Recipes;
using Attune.Training.Rewards;

namespace Attune.Cli.Commands;

/// <summary><c>attune evaluate policy RUN</c>: what distance from the start buys, in training and by the best of n, by the reward and by a second one.</summary>
static class EvaluatePolicyCommand
{
    public const string Example = "attune evaluate policy runs/ppo --best-of 32 --report over-optimisation.html";

    static readonly Argument<string> Subject = new("run") { Description = "A run of PPO, or a model's folder: answers are drawn from the model that it started from" };
    static readonly Option<string?> Prompts = new("--prompts") { Description = "A file of prompts; a run's held-out prompts without it" };
    static readonly Option<string?> Reward = new("--reward") { Description = "A reward model's folder, or a kind of reward such as length; a run's own without it" };
    static readonly Option<string?> Gold = new("--gold") { Description = "A second reward, which is not optimised: a folder or a kind such as guest; a run's own without it" };
    static readonly Option<int> Answers = new("--best-of") { Description = "Answers to each prompt; curves go up to as many", DefaultValueFactory = _ => 16 };
    static readonly Option<int> Most = new("--most") { Description = "Prompts of the file that are used; 0 for all" };
    static readonly Option<int?> MaxNewTokens = new("--max-new-tokens") { Description = "The longest answer; as in the run, or 128" };
    static readonly Option<double?> Temperature = new("--temperature") { Description = "As in the run, or 1" };
    static readonly Option<int> Seed = new("--seed") { Description = "The same seed gives the same answers", DefaultValueFactory = _ => 1 };
    static readonly Option<string?> Report = new("--report") { Description = "An HTML file to write, with pictures" };
    static readonly Option<string?> Output = new("--output") { Description = "A JSON file to write" };
    static readonly Option<bool> Json = new("--json") { Description = "JSON in the place of the tables" };
    static readonly Option<string> On = ModelOptions.Device();

    public static Command Create()
    {
        var command = new Command("policy", "What distance from the start buys: in training, and by the best of n answers")
        {
            Subject, Prompts, Reward, Gold, Answers, Most, MaxNewTokens, Temperature, Seed, Report, Output, Json, On,
        };
        command.SetAction(Evaluate);
        return CommandHelp.WithExample(command, Example);
    }

    static int Evaluate(ParseResult parsed)
    {
        var (folder, answers) = (new RunFolder(parsed.GetValue(Subject)!), parsed.GetValue(Answers));
        if (answers < 1)
            throw new InvalidDataException($"--best-of: a number of at least 1 was expected, found {answers}");
        var recipe = folder.HasStarted ? RecipeOf(folder) : null;
        using var interruption = new CancellationOnSignal();
        var report = new OverOptimisationReport(
            folder.Path, recipe is null ? null : Frontier.FromRun(RunRecord.Read(folder)), BestOf(parsed, recipe ?? new PpoRecipe { Model = folder.Path }, answers, interruption.Token));
        Write(parsed, report);
        return 0;
    }

    static OnPolicyRecipe RecipeOf(RunFolder folder) => RecipeReader.Read(method: null, folder.Recipe, []).Recipe as OnPolicyRecipe
        ?? throw new InvalidDataException(
            $"{folder.Path} is not a run of PPO or its kin; name one, or the folder of a language model with --reward");

    static Frontier BestOf(ParseResult parsed, OnPolicyRecipe recipe, int answers, CancellationToken cancellation)
    {
        var (rewards, gold) = (Rewards(parsed.GetValue(Reward)) ?? recipe.AllRewards, Rewards(parsed.GetValue(Gold)) ?? recipe.Gold);
        if (rewards.Count == 0)
            throw new InvalidDataException("--reward: a reward model's folder or a kind of reward was expected where a model is evaluated, found nothing");
        var file = parsed.GetValue(Prompts) ?? (recipe.Data.HeldOut.Length > 0 ? recipe.Data.HeldOut : throw new InvalidDataException("--prompts: a file of prompts was expected, found nothing"));
        var sampling = Sampling(parsed, recipe.Sampling);
        var tokenizer = ModelFolder.LoadTokenizer(recipe.Model);
        var policy = new Policy(ModelFolder.LoadLanguageModel(recipe.Model, Device.Parse(parsed.GetValue(On)!)), tokenizer, sampling);
        using var reward = RewardSources.Create(rewards, policy);
        using var second = gold.Count == 0 ? null : RewardSources.Create(gold, policy);
        var encoder = new TextEncoder(tokenizer, (int)policy.Model.Backbone.ContextLength, startToken: policy.Model.Backbone.StartToken);
        var all = Dataset.Read(file).Select(example => encoder.EncodePrompt(example, sampling.MaxNewTokens)).OfType<TokenPrompt>();
        TokenPrompt[] prompts = [.. parsed.GetValue(Most) is > 0 and var most ? all.Take(most) : all];
        if (prompts.Length == 0)
            throw new InvalidDataException($"{file}: prompts were expected, found none");
        return new BestOfNSampling(policy, reward, second).Draw(prompts, answers, parsed.GetValue(Seed), cancellation);
    }

    static SamplingOptions Sampling(ParseResult parsed, SamplingOptions usual)
    {
        var sampling = usual with { MaxNewTokens = parsed.GetValue(MaxNewTokens) ?? usual.MaxNewTokens, Temperature = parsed.GetValue(Temperature) ?? usual.Temperature };
        Validation.ThrowIfInvalid(sampling);
        return sampling;
    }

    /// <summary>A reward model's folder, or a kind with its defaults; null where nothing was given.</summary>
    static IReadOnlyList<RewardOptions>? Rewards(string? word)
    {
        if (word is null)
            return null;
        if (Directory.Exists(word))
            return [new ModelReward { Model = word }];
        return RewardSources.Kinds.TryGetValue(word, out var kind)
            ? [kind]
            : throw new InvalidDataException($"'{word}': a reward model's folder or one of {string.Join(", ", RewardSources.Kinds.Keys)} was expected");
    }

    static void Write(ParseResult parsed, OverOptimisationReport report)
    {
        var json = report.ToJson().ToJsonString(new JsonSerializerOptions(JsonText.Readable) { WriteIndented = true });
        if (parsed.GetValue(Json))
            Console.Out.WriteLine(json);
        else
            foreach (var line in report.Lines)
                Console.Out.WriteLine(line);
        if (parsed.GetValue(Output) is { } output)
            AtomicWrite.File(output, json + "\n");
        if (parsed.GetValue(Report) is { } page)
            HtmlReport.Write(page, report.Page);
    }
}
