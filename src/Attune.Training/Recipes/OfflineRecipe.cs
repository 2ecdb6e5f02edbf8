using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Data.Encoded;
using Attune.Models;
using Attune.Models.Backbones;
using Attune.Models.Heads;
using Attune.Training.Batches;
using Attune.Training.Evaluation;
using Attune.Training.Offline;
using Attune.Training.Optimizers;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Training of a language model on fixed data: the keys that these methods have in common.</summary>
public abstract record OfflineRecipe : IRecipe
{
    /// <summary>Folder, seed, and how often the run saves and evaluates.</summary>
    public RunOptions Run { get; init; } = new();

    /// <summary>A folder with the language model that is trained.</summary>
    [Required(ErrorMessage = "must name a folder with a language model")]
    [ExistingPath(IsModel = true)]
    public string Model { get; init; } = "";

    /// <summary>The examples; docs/data.md lists the fields that each method reads.</summary>
    public DataOptions Data { get; init; } = new();

    /// <summary>Which parameters are trained: all, the top layers, all but some, or a low-rank adapter.</summary>
    public ParameterOptions Parameters { get; init; } = new();

    /// <summary>Steps or epochs, and sizes of batches; an example is a row of the data, such as a prompt with all its responses.</summary>
    public BatchOptions Training { get; init; } = new();

    /// <summary>The optimizer and its schedule.</summary>
    public OptimizerOptions Optimizer { get; init; } = new();

    /// <summary>Responses to held-out prompts, which every evaluation samples, scores and keeps to read.</summary>
    public ResponseOptions Responses { get; init; } = new();

    public virtual int ResponseRoom => 0;

    public virtual bool CanSplitUpdates => true;

    public virtual bool DrawsDropout(Backbone backbone) => false;

    public virtual IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        Parameters.Validate(Model, hasDropout: false);

    public IRecipe With(RunOptions run, string model) => this with { Run = run, Model = model };

    public IRecipe With(RunOptions run, BatchOptions training) => this with { Run = run, Training = training };

    public virtual IRecipe WithFullPaths() => this with
    {
        Data = Data.WithFullPaths(),
        Model = ModelPath.Full(Model),
        Responses = Responses.WithFullPaths(),
    };

    public abstract void Train(Run run, CancellationToken cancellation);
}

/// <summary>
/// Training of a policy on responses in fixed data, such as preferences. A method adds its own options, <see cref="Encode"/> and
/// <see cref="NewObjective"/>.
/// </summary>
/// <typeparam name="TExample">An example in tokens.</typeparam>
public abstract record OfflineRecipe<TExample> : OfflineRecipe where TExample : class
{
    protected OfflineRecipe()
    {
        Data = new() { TooLong = OverlongExamples.Drop };
        Optimizer = new() { LearningRate = 1e-6, Schedule = new() { Kind = ScheduleKind.Linear } };
    }

    /// <summary>An example in tokens; null leaves it out. It is called from several threads.</summary>
    protected abstract TExample? Encode(Example example, TextEncoder encoder);

    /// <summary>The options of the method that <see cref="Encode"/> depends on.</summary>
    protected virtual string EncodingSettings => "";

    /// <summary>The model that is trained, without heads that the method does not train.</summary>
    protected virtual LanguageModel LoadModel(Run run)
    {
        var model = ModelFolder.LoadLanguageModel(Model, run);
        model.RemoveHead(ValueHead.Name);
        return model;
    }

    /// <summary>Values of β at which evaluations sample responses in addition to that of the model, for a method with Q heads.</summary>
    protected virtual IReadOnlyList<double> FurtherBetas => [];

    /// <summary>What the method minimises. States that are not part of it, such as a reference, are registered with the run.</summary>
    protected abstract IObjective<TExample> NewObjective(Policy policy, TrainedParameters trained, Run run);

    public override void Train(Run run, CancellationToken cancellation)
    {
        var tokenizer = Conversations.Prepare(ModelFolder.LoadTokenizer(Model, run), this, Parameters, run);
        var model = LoadModel(run);
        var trained = TrainedParameters.Select(model, Parameters, run.Seed);
        var encoder = tokenizer.NewEncoder(model.Backbone, Data.TooLong);
        var (train, heldOut) = Data.Load(
            ExampleEncoding.Single<TExample>(Encode) with { Settings = EncodingSettings }, encoder, run, cancellation);
        var objective = NewObjective(new Policy(model, tokenizer, new()), trained, run);
        using var responses = Responses.Create(model, tokenizer, encoder, trained, run, cancellation, FurtherBetas);
        var task = new OfflineTask<TExample>(run, trained, objective, Training, Optimizer) { Responses = responses };
        task.Train(train, heldOut, cancellation);
        run.Complete(folder => trained.Save(folder, Model, tokenizer, whole => ModelFolder.Save(whole, model, tokenizer)));
    }

    /// <summary>What log-ratios are measured from, registered with the run.</summary>
    protected Reference NewReference(ReferenceOptions options, Policy policy, TrainedParameters trained, Run run)
    {
        var reference = new Reference(options, policy, trained, Load) { Saved = new(run) };
        run.Register("reference", reference);
        return reference;

        Policy Load() => policy.With(ModelFolder.LoadLanguageModel(Model, run));
    }
}
