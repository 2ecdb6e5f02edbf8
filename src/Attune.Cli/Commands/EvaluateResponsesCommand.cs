using System.CommandLine;
using System.Text.Json;
using Attune.Data;
using Attune.Generation;
using Attune.Reporting.Evaluation;
using Attune.Reporting.Files;
using Attune.Reporting.Pages;
using Attune.Reporting.TextMetrics;
using Attune.Torch;
using Attune.Training.Evaluation;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Rewards;

namespace Attune.Cli.Commands;

/// <summary><c>attune evaluate responses MODEL…</c>: metrics of responses, compared over models.</summary>
static class EvaluateResponsesCommand
{
    public const string Example =
        "attune evaluate responses runs/quickstart/2-sft/model runs/quickstart/5-ppo/model "
        + "--prompts data/frontdesk/pairs-heldout.jsonl --references chosen";

    const string UsualReferences = "references";

    static readonly Argument<string[]> Models = new("model")
    {
        HelpName = "MODEL", Description = "Language models' folders; each is compared with the first", Arity = ArgumentArity.OneOrMore,
    };
    static readonly Option<string> Prompts = new("--prompts") { HelpName = "FILE", Description = "A file of prompts", Required = true };
    static readonly Option<string?> References = new("--references")
    {
        HelpName = "FIELD",
        Description = $"The field of the prompts' rows with the references (default: {UsualReferences}, where the rows have it)",
    };
    static readonly Option<string[]> Metrics = new("--metrics")
    {
        HelpName = "NAME",
        Description = $"Metrics, such as rougeL,bleu: {string.Join(", ", Known)} (default: all that can be computed)",
        AllowMultipleArgumentsPerToken = true,
    };
    static readonly Option<string?> Reward = new("--reward")
    {
        HelpName = "FOLDER|KIND", Description = "A reward model's folder, or a kind of reward, whose score is a metric too",
    };
    static readonly Option<int> Most = new("--most") { Description = "The most prompts to use; 0 for all" };
    static readonly Option<int> Seed = new("--seed") { Description = "The random seed", DefaultValueFactory = _ => 1 };
    static readonly Option<string?> Report = new("--report") { HelpName = "FILE", Description = "An HTML report to write" };
    static readonly Option<string?> Output = new("--output") { HelpName = "FILE", Description = "A JSON file to write" };
    static readonly Option<bool> Json = new("--json") { Description = "Print JSON instead of a table" };
    static readonly DataArguments Reading = new(hasSide: false);
    static readonly Option<string> On = ModelOptions.Device();

    static IEnumerable<string> Known => [.. TextMetricCatalog.All.Keys, ResponseEvaluation.DiversityName, ResponseSampling.Length];

    public static Command Create()
    {
        var command = new Command("responses", "Measure and compare responses of models: ROUGE, BLEU, chrF, diversity and others")
        {
            Models, Prompts, References, Metrics, Reward, Most, Seed, Report, Output, Json, On,
        };
        foreach (var option in SamplingFlags.All)
            command.Add(option);
        Reading.AddTo(command);
        command.SetAction(Evaluate);
        return CommandHelp.WithExample(command, Example);
    }

    static int Evaluate(ParseResult parsed)
    {
        var (file, rewards) = (parsed.GetValue(Prompts)!, EvaluatePolicyCommand.Rewards(parsed.GetValue(Reward)) ?? []);
        var sampling = SamplingFlags.Read(parsed);
        Validation.ThrowIfInvalid(sampling);
        var field = parsed.GetValue(References) ?? UsualReferences;
        Example[] examples = [.. Dataset.Read(file, Reading.For(parsed, DataUse.Prompts, "evaluate responses") with
        {
            AlsoRead = [field, .. rewards.SelectMany(reward => reward.RowFields)],
        })];
        if (parsed.GetValue(Most) is > 0 and var most)
            examples = [.. examples.Take(most)];
        if (examples.Length == 0)
            throw new InvalidDataException($"{file} has no prompts.");
        var names = Names(parsed, hasReferences: parsed.GetValue(References) is not null || examples[0].Row?.Has(field) == true);
        var references = names.Any(TextMetricCatalog.All.ContainsKey) ? field : null;
        using var interruption = new CancellationOnSignal();
        IReadOnlyList<ModelResponses> models = [.. parsed.GetValue(Models)!.Select(folder =>
            Draw(parsed, folder, examples, rewards, references, sampling, interruption.Token))];
        if (rewards.Count > 0)
            names = [.. names, ResponseSampling.Score];
        if (rewards.Count > 0 && models.Count > 1)
            (names, models) = ([.. names, ResponseEvaluation.WinRateName], ResponseEvaluation.WithWinRate(models, ResponseSampling.Score));
        var evaluation = ResponseEvaluation.Create(models, names, parsed.GetValue(Seed));
        Write(parsed, evaluation, file);
        return 0;
    }

    /// <summary>The metrics that are asked for, in the spelling of the catalog.</summary>
    static IReadOnlyList<string> Names(ParseResult parsed, bool hasReferences)
    {
        string[] asked = [.. (parsed.GetValue(Metrics) ?? []).SelectMany(value => value.Split(',')).Select(name => name.Trim())];
        return asked.Length == 0
            ? [.. Known.Where(name => hasReferences || !TextMetricCatalog.All.ContainsKey(name))]
            : [.. asked.Select(name => Known.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase))
                ?? throw new InvalidDataException($"--metrics must be some of {string.Join(", ", Known)} (was '{name}')."))];
    }

    static ModelResponses Draw(
        ParseResult parsed, string folder, Example[] examples, IReadOnlyList<RewardOptions> rewards, string? references,
        SamplingOptions sampling, CancellationToken cancellation)
    {
        TrainedOn.Check(folder, examples, DataUse.Prompts);
        var tokenizer = ModelFolder.LoadTokenizer(folder);
        var policy = new Policy(ModelFolder.LoadLanguageModel(folder, Device.Parse(parsed.GetValue(On)!)), tokenizer, sampling);
        using var reward = rewards.Count == 0 ? null : RewardSources.Create(rewards, policy, cancellation: cancellation);
        var encoder = tokenizer.NewEncoder(policy.Model.Backbone);
        var room = Math.Min(sampling.MaxNewTokens, (int)policy.Model.Backbone.ContextLength / 2);
        TokenPrompt[] prompts = [.. examples.Select(example => encoder.EncodePrompt(example, room)
            ?? throw new InvalidDataException($"{example.Origin}: the prompt is empty"))];
        RewardSources.RequireFields(rewards, prompts);
        if (references is not null)
            foreach (var prompt in prompts)
                prompt.Row?.Required(references);
        return new ResponseSampling(policy, reward, references).Draw(folder, prompts, parsed.GetValue(Seed), cancellation);
    }

    static void Write(ParseResult parsed, ResponseEvaluation evaluation, string file)
    {
        var json = ResponseEvaluationPage.ToJson(evaluation).ToJsonString(
            new JsonSerializerOptions(JsonText.Readable) { WriteIndented = true });
        foreach (var line in parsed.GetValue(Json) ? [json] : ResponseEvaluationPage.Lines(evaluation))
            Console.Out.WriteLine(line);
        if (parsed.GetValue(Output) is { } output)
            AtomicWrite.File(output, json + "\n");
        if (parsed.GetValue(Report) is { } page)
            HtmlReport.Write(page, ResponseEvaluationPage.Create(evaluation, Path.GetFileName(file)));
    }
}
