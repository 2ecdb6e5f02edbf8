using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Data.Encoded;
using Attune.Models.Backbones;
using Attune.Models.Families;
using Attune.Training.Algorithms;
using Attune.Training.Batches;
using Attune.Training.Offline;
using Attune.Training.Optimizers;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Training of a reward model on comparisons.</summary>
public sealed record RewardRecipe : IRecipe
{
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("reward")
    {
        NewRecipe = () => new RewardRecipe(),
        Reads = DataUse.Comparisons,
        Summary = "Train a reward model on comparisons",
        Example = "attune reward model=runs/quickstart/2-sft/model data.train=data/frontdesk/rankings.jsonl",
        MainKeys =
        [
            "model", "data.train", "data.heldOut", "reward.heads", "training.epochs", "training.batchSize", "training.microBatchSize",
            "optimizer.learningRate", "run.evaluateEvery", "run.output",
        ],
        ReportTitle = "Reward model",
        ReportLead = "The model was trained on comparisons to give the preferred response the higher score.",
        MakesRewardModel = true,
        Metrics =
        [
            new("loss", "Comparison loss", "nats a pair",
                "−log of the probability that the model gives to the annotators' choice; 0.69 is guessing. Healthy: both curves fall. "
                    + "When the held-out curve rises again, the model overfits."),
        ],
    };

    /// <summary>Folder, seed, and how often the run saves and evaluates.</summary>
    public RunOptions Run { get; init; } = new() { Output = "runs/reward" };

    /// <summary>A folder with the language model whose backbone the reward model starts from; empty for a new one.</summary>
    [ExistingPath(IsModel = true)]
    public string Model { get; init; } = "";

    /// <summary>The size of a new model, when model is empty.</summary>
    public ModelShape NewModel { get; init; } = new();

    /// <summary>The tokenizer of a new model.</summary>
    public TokenizerOptions Tokenizer { get; init; } = new();

    /// <summary>
    /// Comparisons: prompt, completions and ranks (or pairs); or prompt, chosen and rejected; or chosen and rejected; as texts or lists of
    /// messages.
    /// </summary>
    public DataOptions Data { get; init; } = new() { TooLong = OverlongExamples.Drop };

    /// <summary>Which parameters are trained: all, the top layers, all but some, or a low-rank adapter.</summary>
    public ParameterOptions Parameters { get; init; } = new();

    /// <summary>Steps or epochs, and sizes of batches; an example is a prompt with all its responses.</summary>
    public BatchOptions Training { get; init; } = new();

    /// <summary>The optimizer and its schedule.</summary>
    public OptimizerOptions Optimizer { get; init; } = new()
    {
        LearningRate = 1e-5,
        Schedule = new() { Kind = ScheduleKind.Cosine, Warmup = 0.03 },
    };

    /// <summary>The objective.</summary>
    public RewardModelingOptions Reward { get; init; } = new();

    /// <summary>How scores are shifted and scaled after training; shift and scale are saved with the model.</summary>
    public NormalisationOptions Normalise { get; init; } = new();

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => Parameters.Validate(Model, hasDropout: false);

    public IRecipe With(RunOptions run, string model) => this with { Run = run, Model = model };

    public IRecipe With(RunOptions run, BatchOptions training) => this with { Run = run, Training = training };

    public Backbone DescribeBackbone() => Model.Length > 0
        ? ModelFolder.DescribeBackbone(Model)
        : ModelFolder.DescribeBackbone(NewModel, Tokenizer);

    public IRecipe WithFullPaths() => this with
    {
        Data = Data.WithFullPaths(),
        Model = ModelPath.Full(Model),
        Tokenizer = Tokenizer with { Path = ModelPath.Full(Tokenizer.Path) },
        Normalise = Normalise with
        {
            Policy = ModelPath.Full(Normalise.Policy),
            Demonstrations = RecipePaths.Data(Normalise.Demonstrations),
        },
    };

    public void Train(Run run, CancellationToken cancellation)
    {
        var tokenizer = Conversations.Prepare(
            ModelFolder.LoadTokenizer(Model, Tokenizer, run, () => Texts(Data.Examples(run))), this, Parameters, run);
        var model = ModelFolder.LoadRewardModel(Model, NewModel, tokenizer, run, Reward.Heads);
        var trained = TrainedParameters.Select(model, Parameters, run.Seed);
        var encoder = tokenizer.NewSequenceEncoder(model.Backbone, Data.TooLong);
        var (train, heldOut) = Data.Load(
            ExampleEncoding.Single<TokenComparisons>((example, texts) => texts.EncodeComparisons(example)), encoder, run, cancellation);
        var normalisation = new RewardNormalisation(model, tokenizer, Normalise, Model, run) { Workers = Training.Workers };
        normalisation.Check();
        var task = new OfflineTask<TokenComparisons>(
            run, trained, new RewardModeling(model, tokenizer, Reward, run.Seed), Training, Optimizer);
        task.Train(train, heldOut, cancellation);
        normalisation.Apply(Data.Examples(run), cancellation);
        run.Complete(folder => trained.Save(folder, Model, tokenizer, whole => ModelFolder.Save(whole, model, tokenizer)));
    }

    static IEnumerable<string> Texts(IEnumerable<Example> examples) =>
        examples.SelectMany(example => example is ComparisonExample comparisons
        ? comparisons.Completions.Select(completion => comparisons.Prompt + completion)
        : throw new InvalidDataException(
            $"{example.Origin}: a new tokenizer needs comparisons of texts: `prompt`, `completions` and `ranks`, or `chosen` and "
            + "`rejected`"));
}
