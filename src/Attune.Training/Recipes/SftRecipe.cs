using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Training.Algorithms;
using Attune.Training.Batches;
using Attune.Training.Offline;
using Attune.Training.Optimizers;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Supervised fine-tuning of a language model on demonstrations.</summary>
public sealed record SftRecipe : IRecipe
{
    /// <summary>Folder, seed, and how often the run saves and evaluates.</summary>
    public RunOptions Run { get; init; } = new() { Output = "runs/sft" };

    /// <summary>A folder with the language model that is trained.</summary>
    [Required(ErrorMessage = "must name a folder with a language model")]
    [ExistingPath(IsModel = true)]
    public string Model { get; init; } = "";

    /// <summary>Demonstrations: prompt and completion, or messages.</summary>
    public DataOptions Data { get; init; } = new();

    /// <summary>Which parameters are trained: all, the top layers, all but some, or a low-rank adapter.</summary>
    public ParameterOptions Parameters { get; init; } = new();

    /// <summary>Steps or epochs, and sizes of batches.</summary>
    public BatchOptions Training { get; init; } = new();

    /// <summary>The optimizer and its schedule.</summary>
    public OptimizerOptions Optimizer { get; init; } = new()
    {
        LearningRate = 2e-5,
        Schedule = new() { Kind = ScheduleKind.Cosine, Warmup = 0.03 },
    };

    /// <summary>The objective.</summary>
    public SftOptions Sft { get; init; } = new();

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => Parameters.Validate(Model, hasDropout: true);

    public IRecipe With(RunOptions run, string model) => this with { Run = run, Model = model };

    public IRecipe WithFullPaths() => this with { Data = Data.WithFullPaths(), Model = ModelPath.Full(Model) };

    public void Train(Run run, CancellationToken cancellation)
    {
        var (model, tokenizer) = Conversations.WithTemplate(
            ModelFolder.LoadLanguageModel(Model, run), ModelFolder.LoadTokenizer(Model, run), Data, Parameters, run);
        var trained = TrainedParameters.Select(model, Parameters, run.Seed);
        var encoder = tokenizer.NewEncoder(model.Backbone, Data.TooLong);
        var (train, heldOut) = Data.Load(example => Algorithms.Sft.Encode(example, encoder), encoder, run);
        if (run.SelfTest)
            SelfTest.Run(model, trained.Named, tokenizer, train, run.Seed, run.Notice);
        var objective = Algorithms.Sft.Objective(model, tokenizer, Sft);
        var task = new OfflineTask<TokenRow>(run, trained, objective, Training, Optimizer) { Dropout = Sft.Dropout };
        task.Train(train, heldOut, cancellation);
        run.Complete(folder => trained.Save(folder, Model, tokenizer, whole => ModelFolder.Save(whole, model, tokenizer)));
    }
}
