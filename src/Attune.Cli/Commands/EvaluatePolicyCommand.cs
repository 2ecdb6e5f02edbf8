using System.CommandLine;
using Attune.Data;
using Attune.Generation;
using Attune.Reporting.Evaluation;
using Attune.Reporting.Runs;
using Attune.Torch;
using Attune.Training.Evaluation;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Recipes;
using Attune.Training.Rewards;

namespace Attune.Cli.Commands;

/// <summary><c>attune evaluate policy RUN</c>: score and gold reward against KL, over a run and for best-of-n sampling.</summary>
static class EvaluatePolicyCommand
{
    public const string Example =
        "attune evaluate policy runs/quickstart/5-ppo --gold-reward guest --best-of 4 --report over-optimisation.html";

    static readonly Argument<string> Subject = new("run")
    {
        HelpName = "RUN|MODEL",
        Description = "A run of a method that samples responses, such as ppo (best of n samples from the model it started from), or a "
            + "language model's folder",
    };
    static readonly Option<string?> Prompts = new("--prompts")
    {
        HelpName = "FILE", Description = "A file of prompts (default: the run's held-out prompts)",
    };
    static readonly Option<string?> Reward = new("--reward")
    {
        HelpName = "FOLDER|KIND|YAML",
        Description = "A reward model's folder, a kind of reward such as length, or rewards as YAML such as '{kind: length, target: 20}' "
            + "(default: the run's)",
    };
    static readonly Option<string?> GoldReward = new("--gold-reward", "--gold")
    {
        HelpName = "FOLDER|KIND|YAML",
        Description = "A second reward, which is only measured: values as of --reward, such as guest (default: the run's)",
    };
    static readonly Option<int> BestOf = new("--best-of")
    {
        Description = "Responses to each prompt, the largest n of best of n", DefaultValueFactory = _ => 16,
    };
    static readonly Option<int> Most = new("--most") { Description = "The most prompts to use; 0 for all" };
    static readonly Option<int?> MaxNewTokens = new("--max-new-tokens")
    {
        Description = "The longest response in tokens (default: the run's)",
    };
    static readonly Option<double?> Temperature = new("--temperature") { Description = "The sampling temperature (default: the run's)" };
    static readonly Option<int> Seed = new("--seed") { Description = "The random seed", DefaultValueFactory = _ => 1 };
    static readonly EvaluationOutput Output = new("An HTML report to write, with charts");
    static readonly DataArguments Reading = new(hasSide: false);
    static readonly Option<string> On = ModelOptions.Device();
    static readonly Option<string> Dtype = ModelOptions.Dtype();

    public static Command Create()
    {
        var command = new Command("policy", "Compare score and gold reward as the KL grows: over a run, and for best-of-n sampling")
        {
            Subject, Prompts, Reward, GoldReward, BestOf, Most, MaxNewTokens, Temperature, Seed,
        };
        Output.AddTo(command);
        command.Add(On);
        command.Add(Dtype);
        Reading.AddTo(command);
        command.SetAction(Evaluate);
        return CommandHelp.WithExample(command, Example);
    }

    static int Evaluate(ParseResult parsed)
    {
        var (folder, samples) = (new RunFolder(parsed.GetValue(Subject)!), parsed.GetValue(BestOf));
        if (samples < 1)
            throw new InvalidDataException($"--best-of must be at least 1 (was {samples}).");
        var recipe = folder.HasStarted ? RecipeOf(folder) : null;
        using var interruption = new CancellationOnSignal();
        var report = new OverOptimisationReport(
            folder.Path,
            recipe is null ? null : Frontier.FromRun(RunRecord.Read(folder)),
            SampleBestOf(parsed, recipe ?? new PpoRecipe { Model = folder.Path }, samples, interruption.Token));
        Output.Write(parsed, report.ToJson(), report.Lines, () => report.Page);
        return 0;
    }

    static PolicyRecipe RecipeOf(RunFolder folder) => RecipeReader.Read(method: null, folder.Recipe, []).Recipe as PolicyRecipe
        ?? throw new InvalidDataException(
            $"{folder.Path} is not a run of a method that samples responses, such as ppo. Name one, or name a language model's folder "
            + "and --reward.");

    static Frontier SampleBestOf(ParseResult parsed, PolicyRecipe recipe, int samples, CancellationToken cancellation)
    {
        var rewards = Rewards(parsed.GetValue(Reward)) ?? recipe.AllRewards;
        var goldRewards = Rewards(parsed.GetValue(GoldReward)) ?? recipe.GoldReward;
        if (rewards.Count == 0)
            throw new InvalidDataException("--reward must name a reward model's folder or a kind of reward when a model is evaluated.");
        var reading = Reading.For(parsed, DataUse.Prompts, "evaluate policy") with
        {
            AlsoRead = [.. rewards.Concat(goldRewards).SelectMany(reward => reward.RowFields)],
        };
        if (parsed.GetValue(Prompts) is not { } file)
            (file, reading) = (recipe.Data.HeldOut, AsInTheRun(reading, recipe.Data));
        if (file.Length == 0)
            throw new InvalidDataException("--prompts must name a file of prompts.");
        var sampling = Sampling(parsed, recipe.Sampling);
        var tokenizer = ModelFolder.LoadTokenizer(recipe.Model);
        var device = Device.Parse(parsed.GetValue(On)!);
        var dtype = ModelOptions.ParseDtype(parsed.GetValue(Dtype)!, device, recipe.Model);
        var policy = new Policy(ModelFolder.LoadLanguageModel(recipe.Model, device, dtype), tokenizer, sampling);
        using var reward = RewardSources.Create(rewards, policy, cancellation: cancellation);
        using var goldReward = goldRewards.Count == 0 ? null : RewardSources.Create(goldRewards, policy, cancellation: cancellation);
        var encoder = tokenizer.NewEncoder(policy.Model.Backbone);
        var examples = Dataset.Read(file, reading).ToList();
        TrainedOn.Check(parsed.GetValue(Subject)!, examples, DataUse.Prompts);
        var all = examples.Select(example => encoder.EncodePrompt(example, sampling.MaxNewTokens)).OfType<TokenPrompt>();
        RewardSources.RequireFields([.. rewards, .. goldRewards], all);
        TokenPrompt[] prompts = [.. parsed.GetValue(Most) is > 0 and var most ? all.Take(most) : all];
        if (prompts.Length == 0)
            throw new InvalidDataException($"{file} has no prompts.");
        return new BestOfNSampling(policy, reward, goldReward).Draw(prompts, samples, parsed.GetValue(Seed), cancellation);
    }

    static ReadOptions AsInTheRun(ReadOptions given, DataOptions run) => given with
    {
        Columns = given.Columns.Count > 0 ? given.Columns : run.Columns,
        Ignore = [.. given.Ignore, .. run.Ignore],
    };

    static SamplingOptions Sampling(ParseResult parsed, SamplingOptions defaults)
    {
        var sampling = defaults with
        {
            MaxNewTokens = parsed.GetValue(MaxNewTokens) ?? defaults.MaxNewTokens,
            Temperature = parsed.GetValue(Temperature) ?? defaults.Temperature,
        };
        Validation.ThrowIfInvalid(sampling);
        return sampling;
    }

    /// <summary>A reward model's folder, a kind of reward with its defaults, or rewards as YAML; null without a value.</summary>
    public static IReadOnlyList<RewardOptions>? Rewards(string? word)
    {
        if (word is null)
            return null;
        if (word.TrimStart() is ['{' or '[', ..])
            return RewardReader.Parse(word);
        return RewardSources.Kinds.TryGetValue(word, out var kind) && !Directory.Exists(word)
            ? [kind]
            : [new ModelReward { Model = Folder(word) }];

        static string Folder(string word)
        {
            try
            {
                return ModelPath.Find(word);
            }
            catch (Exception error) when (error is InvalidDataException or IOException)
            {
                throw new InvalidDataException(
                    $"'{word}' is neither a reward model's folder nor one of {string.Join(", ", RewardSources.Kinds.Keys)}: "
                        + error.Message, error);
            }
        }
    }
}
