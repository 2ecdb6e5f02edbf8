using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Data.Encoded;
using Attune.Models;
using Attune.Models.Backbones;
using Attune.Training.Algorithms;
using Attune.Training.Offline;
using Attune.Training.Optimizers;
using Attune.Training.Parameters;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Supervised fine-tuning of a language model on demonstrations.</summary>
public sealed record SftRecipe : OfflineRecipe
{
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("sft")
    {
        NewRecipe = () => new SftRecipe(),
        Reads = DataUse.Demonstrations,
        Summary = "Fine-tune on demonstrations",
        Example = "attune sft model=runs/quickstart/1-pretrain/model data.train=data/frontdesk/demonstrations.jsonl",
        MainKeys =
        [
            "model", "data.train", "data.heldOut", "parameters.lora.rank", "training.epochs", "training.batchSize",
            "training.microBatchSize", "optimizer.learningRate", "run.evaluateEvery", "run.output",
        ],
        ReportTitle = "Fine-tuning",
        ReportLead = "The model was fine-tuned on demonstrations: prompts with responses that people wrote.",
    };

    public SftRecipe()
    {
        Run = new() { Output = "runs/sft" };
        Optimizer = new() { LearningRate = 2e-5, Schedule = new() { Kind = ScheduleKind.Cosine, Warmup = 0.03 } };
    }

    /// <summary>The objective.</summary>
    public SftOptions Sft { get; init; } = new();

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        Parameters.Validate(Model, hasDropout: true);

    public override bool DrawsDropout(Backbone backbone) => Sft.Dropout && (backbone.HasDropout || Parameters.Lora.Dropout > 0);

    public override void Train(Run run, CancellationToken cancellation)
    {
        var (model, tokenizer) = Conversations.Prepare(
            ModelFolder.LoadLanguageModel(Model, run), ModelFolder.LoadTokenizer(Model, run), this, Parameters, run);
        var trained = TrainedParameters.Select(model, Parameters, run.Seed);
        var encoder = tokenizer.NewEncoder(model.Backbone, Data.TooLong);
        var (train, heldOut) = Data.Load(
            ExampleEncoding.Single<TokenRow>(Algorithms.Sft.Encode), encoder, run, cancellation);
        if (Sft.Packing)
            train = Pack(train, model);
        if (run.SelfTest)
            SelfTest.Run(model, trained.Named, tokenizer, train, run.Seed, run.Notice);
        var objective = Algorithms.Sft.Objective(model, tokenizer, Sft, run.Seed);
        using var responses = Responses.Create(model, tokenizer, encoder, trained, run, cancellation);
        var task = new OfflineTask<TokenRow>(run, trained, objective, Training, Optimizer)
        {
            Dropout = Sft.Dropout,
            Responses = responses,
        };
        task.Train(train, heldOut, cancellation);
        run.Complete(folder => trained.Save(folder, Model, tokenizer, whole => ModelFolder.Save(whole, model, tokenizer)));
    }

    static IReadOnlyList<TokenRow> Pack(IReadOnlyList<TokenRow> rows, LanguageModel model) =>
        model.Backbone.Kind == BackboneKind.Decoder
            ? Packing.BestFit(rows, (int)model.Backbone.ContextLength)
            : throw new InvalidDataException("`sft.packing` must be false for an encoder–decoder: each source has a row of its own.");
}
