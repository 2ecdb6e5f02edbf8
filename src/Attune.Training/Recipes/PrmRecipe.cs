using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Data.Encoded;
using Attune.Reporting.Reports;
using Attune.Text;
using Attune.Training.Algorithms;
using Attune.Training.Offline;
using Attune.Training.Optimizers;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Training of a process reward model on responses in labelled steps.</summary>
public sealed record PrmRecipe : OfflineRecipe
{
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("prm")
    {
        NewRecipe = () => new PrmRecipe(),
        Reads = DataUse.Steps,
        Summary = "Train a process reward model on responses in labelled steps",
        Example = "attune prm model=runs/quickstart/2-sft/model data.train=data/arithmetic/steps.jsonl",
        MainKeys =
        [
            "model", "data.train", "data.heldOut", "prm.trainOnLastStepOnly", "parameters.lora.rank", "training.epochs",
            "training.batchSize", "training.microBatchSize", "optimizer.learningRate", "run.output",
        ],
        ReportTitle = "Process reward model",
        ReportLead = "The model was trained on responses in labelled steps to tell right steps from wrong ones.",
        MakesRewardModel = true,
        ScoresSteps = true,
        Metrics =
        [
            new("loss", "Step loss", "nats a step",
                "−log of the probability that the model gives to the label of a step; 0.69 is guessing. Healthy: both curves fall. "
                    + "When the held-out curve rises again, the model overfits."),
            new("accuracy", "Step accuracy", "%",
                "Steps whose label the model gives at least probability ½. Healthy: above the share of the more frequent label, which "
                    + "always predicting that label gives."),
            new("steps/right", "Steps labelled right", "%", "The share of steps that the data labels right.")
            {
                Place = ChartPlace.Folded,
            },
            new("steps/predicted_right", "Steps predicted right", "%",
                "The share of steps that the model takes for right. Healthy: near the share that is labelled right.")
            {
                Place = ChartPlace.Folded,
            },
        ],
    };

    public PrmRecipe()
    {
        Run = new() { Output = "runs/prm" };
        Optimizer = new() { LearningRate = 1e-5, Schedule = new() { Kind = ScheduleKind.Linear } };
    }

    /// <summary>The objective.</summary>
    public PrmOptions Prm { get; init; } = new();

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var result in base.Validate(validationContext))
            yield return result;
        if (Responses.Prompts.Length > 0)
            yield return Validation.Broken(Responses.Prompts, "must be empty: a reward model generates no responses");
    }

    public override void Train(Run run, CancellationToken cancellation)
    {
        var tokenizer = ModelFolder.LoadTokenizer(Model, run);
        RequireTokens(tokenizer);
        var model = ModelFolder.LoadProcessRewardModel(Model, Prm.StepSeparator, tokenizer, run);
        var trained = TrainedParameters.Select(model, Parameters, run.Seed);
        var encoder = tokenizer.NewSequenceEncoder(model.Backbone, Data.TooLong);
        var (train, heldOut) = Data.Load(
            ExampleEncoding.Single<TokenSteps>((example, texts) => texts.EncodeSteps((StepwiseExample)example, Prm.StepSeparator)) with
            {
                Settings = Prm.StepSeparator,
            },
            encoder, run, cancellation);
        new OfflineTask<TokenSteps>(run, trained, new Algorithms.Prm(model, tokenizer, Prm), Training, Optimizer)
            .Train(train, heldOut, cancellation);
        run.Complete(folder => trained.Save(folder, Model, tokenizer, whole => ModelFolder.Save(whole, model, tokenizer)));
    }

    void RequireTokens(Tokenizer tokenizer)
    {
        if (tokenizer.Encode(Prm.StepSeparator).Length == 0)
            throw new InvalidDataException(
                "`prm.stepSeparator` must be a text that the model's tokenizer encodes "
                + $"(was {Prm.StepSeparator.Quoted()}, which it drops).");
    }
}
