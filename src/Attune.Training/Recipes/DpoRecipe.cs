using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Models.Heads;
using Attune.Training.Algorithms;
using Attune.Training.Batches;
using Attune.Training.Offline;
using Attune.Training.Optimizers;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Preference optimization of a language model on comparisons, without a reward model.</summary>
public sealed record DpoRecipe : IRecipe
{
    /// <summary>Folder, seed, and how often the run saves and evaluates.</summary>
    public RunOptions Run { get; init; } = new() { Output = "runs/dpo" };

    /// <summary>A folder with the language model that is trained; the frozen reference is the same.</summary>
    [Required(ErrorMessage = "must name a folder with a language model")]
    [ExistingPath(IsModel = true)]
    public string Model { get; init; } = "";

    /// <summary>
    /// Comparisons: prompt, chosen and rejected; or prompt, completions and ranks (or pairs); as texts or lists of messages.
    /// </summary>
    public DataOptions Data { get; init; } = new() { TooLong = OverlongExamples.Drop };

    /// <summary>Which parameters are trained: all, the top layers, all but some, or a low-rank adapter.</summary>
    public ParameterOptions Parameters { get; init; } = new();

    /// <summary>Steps or epochs, and sizes of batches; an example is a prompt with all its responses.</summary>
    public BatchOptions Training { get; init; } = new();

    /// <summary>The optimizer and its schedule.</summary>
    public OptimizerOptions Optimizer { get; init; } = new()
    {
        LearningRate = 1e-6,
        Schedule = new() { Kind = ScheduleKind.Linear },
    };

    /// <summary>What log-ratios are measured from.</summary>
    public ReferenceOptions Reference { get; init; } = new();

    /// <summary>The algorithm.</summary>
    public DpoOptions Dpo { get; init; } = new();

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        [.. Parameters.Validate(Model, hasDropout: false), .. Reference.Validate(Parameters)];

    public IRecipe With(RunOptions run, string model) => this with { Run = run, Model = model };

    public IRecipe WithFullPaths() => this with { Data = Data.WithFullPaths(), Model = ModelPath.Full(Model) };

    public void Train(Run run, CancellationToken cancellation)
    {
        var tokenizer = ModelFolder.LoadTokenizer(Model, run).WithTemplate(Data, run);
        var model = ModelFolder.LoadLanguageModel(Model, run);
        model.RemoveHead(ValueHead.Name);
        var trained = TrainedParameters.Select(model, Parameters, run.Seed);
        var policy = new Policy(model, tokenizer, new());
        var reference = new Reference(Reference, policy, trained, LoadReference);
        var encoder = tokenizer.NewEncoder(model.Backbone, Data.TooLong);
        var (train, heldOut) = Data.Load(encoder.EncodeComparisons, encoder, run);
        run.Register("reference", reference);
        var task = new OfflineTask<TokenComparisons>(run, trained, new Algorithms.Dpo(policy, reference, Dpo), Training, Optimizer);
        task.Train(train, heldOut, cancellation);
        run.Complete(folder => trained.Save(folder, Model, tokenizer, whole => ModelFolder.Save(whole, model, tokenizer)));

        Policy LoadReference() => new(ModelFolder.LoadLanguageModel(Model, run), tokenizer, new()) { Critic = null };
    }
}
