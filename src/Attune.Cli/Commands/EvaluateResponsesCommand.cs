using System.CommandLine;
using Attune.Data;
using Attune.Generation;
using Attune.Reporting.Evaluation;
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
    const string UsualTable = "table";

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
        HelpName = "FOLDER|KIND|YAML",
        Description = "Adds the scores of a reward model's folder, of a kind of reward, or of rewards as YAML such as "
            + "'{kind: classifier, model: FOLDER, labels: [POSITIVE]}'; for a judge, adds the win rate",
    };
    static readonly Option<string?> Table = new("--table")
    {
        HelpName = "FIELD",
        Description = $"The field of the prompts' rows with the table that a response describes, for parent (default: {UsualTable}, where "
            + "the rows have it)",
    };
    static readonly Option<string?> BertScoreModel = new("--bert-score")
    {
        HelpName = "FOLDER", Description = "Adds BERTScore; an encoder's folder (BERT, RoBERTa, DistilBERT)",
    };
    static readonly Option<string?> PerplexityModel = new("--perplexity")
    {
        HelpName = "FOLDER", Description = "Adds the perplexity of the responses under a language model; its folder",
    };
    static readonly Option<int> Most = new("--most") { Description = "The most prompts to use; 0 for all" };
    static readonly Option<int> Seed = new("--seed") { Description = "The random seed", DefaultValueFactory = _ => 1 };
    static readonly EvaluationOutput Output = new("An HTML report to write");
    static readonly DataArguments Reading = new(hasSide: false);
    static readonly Option<string> On = ModelOptions.Device();
    static readonly Option<string> Dtype = ModelOptions.Dtype();

    static IEnumerable<string> Known =>
        [.. TextMetricCatalog.All.Keys, ResponseEvaluation.DiversityName, ResponseSampling.Length, ResponseSampling.Ended];

    public static Command Create()
    {
        var command = new Command("responses", "Measure and compare responses of models: ROUGE, BLEU, chrF, diversity and others")
        {
            Models, Prompts, References, Table, Metrics, Reward, BertScoreModel, PerplexityModel, Most, Seed,
        };
        Output.AddTo(command);
        command.Add(On);
        command.Add(Dtype);
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
        var (references, table) = (parsed.GetValue(References) ?? UsualReferences, parsed.GetValue(Table) ?? UsualTable);
        Example[] examples = [.. Dataset.Read(file, Reading.For(parsed, DataUse.Prompts, "evaluate responses") with
        {
            AlsoRead = [references, table, .. rewards.SelectMany(reward => reward.RowFields)],
        })];
        if (parsed.GetValue(Most) is > 0 and var most)
            examples = [.. examples.Take(most)];
        if (examples.Length == 0)
            throw new InvalidDataException($"{file} has no prompts.");
        var names = Names(
            parsed, Given(parsed.GetValue(References), references), hasTable: Given(parsed.GetValue(Table), table));
        var compared = names.Where(TextMetricCatalog.All.ContainsKey).Select(name => TextMetricCatalog.All[name]).ToList();
        var device = Device.Parse(parsed.GetValue(On)!);
        if (rewards.Count > 1 && rewards.Any(reward => reward.ComparesResponses))
            throw new InvalidDataException("--reward must be one judge, or rewards without `compare: true`.");
        var judged = rewards is [RequestedReward { Compare: true } asked] ? asked : null;
        var measures = new Measures(
            judged is null ? rewards : [], sampling, device,
            ModelOptions.ParseDtype(parsed.GetValue(Dtype)!, device, parsed.GetValue(Models)!))
        {
            References = compared.Count > 0 || parsed.GetValue(BertScoreModel) is not null ? references : null,
            Table = compared.Exists(metric => metric.NeedsTable) ? table : null,
            BertScorer = parsed.GetValue(BertScoreModel) is not { } encoder ? null
                : new(encoder, device) { Workers = Environment.ProcessorCount },
            Perplexity = parsed.GetValue(PerplexityModel) is not { } model ? null : new(model, device),
        };
        using var interruption = new CancellationOnSignal();
        IReadOnlyList<ModelResponses> models = [.. parsed.GetValue(Models)!.Select(folder =>
            Draw(measures, folder, examples, parsed.GetValue(Seed), interruption.Token))];
        (names, models) = judged is not null
            ? ([.. Add(names, models, measures).Names, ResponseEvaluation.WinRateName],
                WithJudge(judged, models, examples, interruption.Token))
            : Add(names, models, measures);
        var evaluation = ResponseEvaluation.Create(models, names, parsed.GetValue(Seed));
        Output.Write(
            parsed, ResponseEvaluationPage.ToJson(evaluation), ResponseEvaluationPage.Lines(evaluation),
            () => ResponseEvaluationPage.Create(evaluation, Path.GetFileName(file)));
        return 0;

        bool Given(string? option, string field) => option is not null || examples[0].Row?.Has(field) == true;
    }

    /// <summary>The metrics that are asked for, in the spelling of the catalog.</summary>
    static IReadOnlyList<string> Names(ParseResult parsed, bool hasReferences, bool hasTable)
    {
        string[] asked = [.. (parsed.GetValue(Metrics) ?? []).SelectMany(value => value.Split(',')).Select(name => name.Trim())];
        return asked.Length == 0
            ? [.. Known.Where(CanBeComputed)]
            : [.. asked.Select(name => Known.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase))
                ?? throw new InvalidDataException($"--metrics must be some of {string.Join(", ", Known)} (was '{name}')."))];

        bool CanBeComputed(string name) =>
            !TextMetricCatalog.All.TryGetValue(name, out var metric) || (hasReferences && (hasTable || !metric.NeedsTable));
    }

    /// <summary>What is measured besides the metrics of the catalog, and how the models are sampled.</summary>
    sealed record Measures(IReadOnlyList<RewardOptions> Rewards, SamplingOptions Sampling, Device Device, DType? Dtype)
    {
        public string? References { get; init; }

        public string? Table { get; init; }

        public BertScorer? BertScorer { get; init; }

        public Perplexity? Perplexity { get; init; }
    }

    /// <summary>Adds the names of the other metrics, and the win rate where there is a score.</summary>
    static (IReadOnlyList<string> Names, IReadOnlyList<ModelResponses> Models) Add(
        IReadOnlyList<string> names, IReadOnlyList<ModelResponses> models, Measures measures)
    {
        if (measures.BertScorer is not null)
            names = [.. names, .. ResponseSampling.BertScoreNames];
        if (measures.Perplexity is not null)
            names = [.. names, ResponseEvaluation.PerplexityName];
        if (measures.Rewards.Count > 0)
            names = [.. names, ResponseSampling.Score, .. models[0].Numbers.Keys.Where(ResponseSampling.IsPart)];
        return measures.Rewards.Count > 0 && models.Count > 1
            ? ([.. names, ResponseEvaluation.WinRateName], ResponseEvaluation.WithWinRate(models, ResponseSampling.Score))
            : (names, models);
    }

    static ModelResponses Draw(Measures measures, string folder, Example[] examples, int seed, CancellationToken cancellation)
    {
        TrainedOn.Check(folder, examples, DataUse.Prompts);
        var tokenizer = ModelFolder.LoadTokenizer(folder);
        var policy = new Policy(ModelFolder.LoadLanguageModel(folder, measures.Device, measures.Dtype), tokenizer, measures.Sampling);
        using var reward = measures.Rewards.Count == 0 ? null
            : RewardSources.Create(measures.Rewards, policy, cancellation: cancellation);
        var encoder = tokenizer.NewEncoder(policy.Model.Backbone);
        var room = Math.Min(measures.Sampling.MaxNewTokens, (int)policy.Model.Backbone.ContextLength / 2);
        TokenPrompt[] prompts = [.. examples.Select(example => encoder.EncodePrompt(example, room)
            ?? throw new InvalidDataException($"{example.Origin}: the prompt is empty"))];
        RewardSources.RequireFields(measures.Rewards, prompts);
        foreach (var field in ((string?[])[measures.References, measures.Table]).OfType<string>())
            foreach (var prompt in prompts)
                prompt.Row?.Required(field);
        return new ResponseSampling(policy)
        {
            Reward = reward,
            References = measures.References,
            Table = measures.Table,
            BertScorer = measures.BertScorer,
            Perplexity = measures.Perplexity,
        }.Draw(folder, prompts, seed, cancellation);
    }

    /// <summary>The models with their win rate against the first, by a judge that reads both responses in both orders.</summary>
    static IReadOnlyList<ModelResponses> WithJudge(
        RequestedReward options, IReadOnlyList<ModelResponses> models, Example[] examples, CancellationToken cancellation)
    {
        if (models.Count < 2)
            throw new InvalidDataException("--reward compares responses, so that there must be two models or more.");
        using var judge = options.NewJudge(Notices.Write, cancellation);
        return [.. models.Select(model => ResponseEvaluation.WithWinRate(model, judge.CompareInBothOrders(
            options.Title, [.. examples.Select((_, at) => (Response(model, at), Response(models[0], at)))])))];

        TextResponse Response(ModelResponses model, int at) => new(
            new([], model.Prompts[at]) { Row = examples[at].Row }, model.Texts[at].Response, new([], [], [], Ended: true));
    }
}
