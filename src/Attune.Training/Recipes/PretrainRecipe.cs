using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Models.Backbones;
using Attune.Models.Families;
using Attune.Text;
using Attune.Training.Algorithms;
using Attune.Training.Batches;
using Attune.Training.Offline;
using Attune.Training.Optimizers;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Pretraining of a language model on documents: a causal one, or a masked one where the model is an encoder.</summary>
public sealed record PretrainRecipe : IRecipe
{
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("pretrain")
    {
        NewRecipe = () => new PretrainRecipe(),
        Reads = DataUse.Documents,
        Summary = "Train a language model on documents",
        Example = "attune pretrain data.train=data/frontdesk/corpus.jsonl newModel.layers=2 newModel.width=128",
        MainKeys =
        [
            "data.train", "data.heldOut", "newModel.layers", "newModel.width", "tokenizer.vocabularySize", "training.epochs",
            "training.batchSize", "optimizer.learningRate", "run.evaluateEvery", "run.output",
        ],
        ReportTitle = "Pretraining",
        ReportLead = "The model read documents and learned to predict each next token.",
        HasPrompts = false,
    };

    /// <summary>Folder, seed, and how often the run saves and evaluates.</summary>
    public RunOptions Run { get; init; } = new() { Output = "runs/pretrain" };

    /// <summary>A folder with a language model to train further; empty for a new one.</summary>
    [ExistingPath(IsModel = true)]
    public string Model { get; init; } = "";

    /// <summary>The size of a new model, when model is empty.</summary>
    public ModelShape NewModel { get; init; } = new();

    /// <summary>The tokenizer of a new model.</summary>
    public TokenizerOptions Tokenizer { get; init; } = new();

    /// <summary>Documents: a field text; or prompt and completion, which are joined.</summary>
    public DataOptions Data { get; init; } = new();

    /// <summary>Which parameters are trained: all, the top layers, all but some, or a low-rank adapter.</summary>
    public ParameterOptions Parameters { get; init; } = new();

    /// <summary>Steps or epochs, and sizes of batches.</summary>
    public BatchOptions Training { get; init; } = new();

    /// <summary>The optimizer and its schedule.</summary>
    public OptimizerOptions Optimizer { get; init; } = new()
    {
        LearningRate = 1e-3,
        WeightDecay = 0.1,
        Beta2 = 0.95,
        Schedule = new() { Kind = ScheduleKind.Cosine, Warmup = 0.05, MinRatio = 0.1 },
    };

    /// <summary>The objective.</summary>
    public PretrainOptions Pretrain { get; init; } = new();

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => Parameters.Validate(Model, hasDropout: true);

    public IRecipe With(RunOptions run, string model) => this with { Run = run, Model = model };

    public IRecipe With(RunOptions run, BatchOptions training) => this with { Run = run, Training = training };

    public Backbone DescribeBackbone() => Model.Length > 0
        ? ModelFolder.DescribeBackbone(Model)
        : ModelFolder.DescribeBackbone(NewModel, Tokenizer);

    public bool DrawsDropout(Backbone backbone) => Pretrain.Dropout && (backbone.HasDropout || Parameters.Lora.Dropout > 0);

    public IRecipe WithFullPaths() => this with
    {
        Data = Data.WithFullPaths(),
        Model = ModelPath.Full(Model),
        Tokenizer = Tokenizer with { Path = ModelPath.Full(Tokenizer.Path) },
    };

    public void Train(Run run, CancellationToken cancellation)
    {
        var tokenizer = ModelFolder.LoadTokenizer(
            Model, Tokenizer, run, () => Data.Examples(run).Select(example => Document.From(example).Text));
        var model = ModelFolder.LoadLanguageModel(Model, NewModel, tokenizer, run);
        var trained = TrainedParameters.Select(model, Parameters, run.Seed);
        var objective = Pretrain.ObjectiveOf(model.Backbone);
        var encoder = tokenizer.NewSequenceEncoder(model.Backbone);
        var context = model.Backbone.ContextLength;
        var (train, heldOut) = Data.LoadPacked(
            Pretrain.Encoding(objective, context), pieces => Pretrain.Pack(objective, pieces, context), encoder, run, cancellation);
        run.Notice(
            $"{Quantity.Of(model.ParameterCount, "parameter")}, {Quantity.Of(tokenizer.VocabularySize, "token")} in the vocabulary, "
            + $"{Quantity.Of(train.Sum(row => (long)row.Tokens.Length), "token")} to train on");
        if (objective == PretrainObjective.Masked)
            Learn(new MaskedLm(model, tokenizer, Pretrain, run.Seed), MaskedLm.Rows(train), MaskedLm.Rows(heldOut));
        else
        {
            if (run.SelfTest)
                SelfTest.Run(model, trained.Named, tokenizer, train, run.Seed, run.Notice);
            Learn(
                objective == PretrainObjective.Spans
                        ? SpanDenoising.Objective(model, tokenizer, Pretrain, run.Seed)
                        : CausalLm.Objective(model, tokenizer, Pretrain),
                    train, heldOut);
        }
        run.Complete(folder => trained.Save(folder, Model, tokenizer, whole => ModelFolder.Save(whole, model, tokenizer)));

        void Learn<T>(IObjective<T> objective, IReadOnlyList<T> train, IReadOnlyList<T> heldOut) =>
            new OfflineTask<T>(run, trained, objective, Training, Optimizer) { Dropout = Pretrain.Dropout }
                .Train(train, heldOut, cancellation);
    }
}
