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

/// <summary>Supervised fine-tuning on what people wrote.</summary>
public sealed record SftRecipe : IRecipe
{
    /// <summary>Folder, seed and rhythm of the run.</summary>
    public RunOptions Run { get; init; } = new() { Output = "runs/sft" };

    /// <summary>A folder with the language model to go on from.</summary>
    [Required(ErrorMessage = "must name a folder with a language model")]
    public string Model { get; init; } = "";

    /// <summary>Demonstrations: prompt and completion, or messages.</summary>
    public DataOptions Data { get; init; } = new();

    /// <summary>Which parameters are trained: all, the top layers, all but some, or a low-rank adapter.</summary>
    public ParameterOptions Parameters { get; init; } = new();

    /// <summary>How much is seen, and how much at once.</summary>
    public BatchOptions Training { get; init; } = new();

    /// <summary>How parameters move.</summary>
    public OptimizerOptions Optimizer { get; init; } = new()
    {
        LearningRate = 2e-5,
        Schedule = new() { Kind = ScheduleKind.Cosine, Warmup = 0.03 },
    };

    /// <summary>The objective.</summary>
    public SftOptions Sft { get; init; } = new();

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => Parameters.Validate(Model, dropsOut: true);

    public IRecipe With(RunOptions run, string model) => this with { Run = run, Model = model };

    public IRecipe WithFullPaths() => this with { Data = Data.WithFullPaths(), Model = RecipePaths.Full(Model) };

    public void Train(Run run, CancellationToken cancellation)
    {
        var tokenizer = ModelFolder.LoadTokenizer(Model);
        var model = ModelFolder.LoadLanguageModel(Model, run);
        var trained = TrainedParameters.Select(model, Parameters, run.Seed);
        var encoder = new TextEncoder(tokenizer, (int)model.Backbone.ContextLength, Data.TooLong, model.Backbone.StartToken);
        var (train, heldOut) = Data.Load(examples => Algorithms.Sft.Encode(examples, encoder), encoder, run.Seed);
        run.Notices(encoder.Notices);
        if (run.SelfTest)
            SelfTest.Run(model, trained.Named, tokenizer, train, run.Seed, run.Notice);
        var task = new OfflineTask<TokenRow>(run, trained, Algorithms.Sft.Objective(model, tokenizer, Sft), Training, Optimizer) { Dropout = Sft.Dropout };
        task.Train(train, heldOut, cancellation);
        run.Complete(folder => trained.Save(folder, Model, tokenizer, whole => ModelFolder.Save(whole, model, tokenizer)));
    }
}
