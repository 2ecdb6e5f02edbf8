using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Generation;
using Attune.Reporting.Reports;
using Attune.Training.Algorithms;
using Attune.Training.Offline;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Distillation of a teacher into a smaller language model, on responses of the data and on the model's own.</summary>
public sealed record GkdRecipe : OfflineRecipe<TokenDemonstration>
{
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("gkd")
    {
        NewRecipe = () => new GkdRecipe(),
        Reads = DataUse.Demonstrations,
        Summary = "Distil a teacher into a smaller model",
        Example =
            "attune gkd model=runs/quickstart/1-pretrain/model teacher=runs/quickstart/2-sft/model "
            + "data.train=data/frontdesk/demonstrations.jsonl",
        MainKeys =
        [
            "model", "teacher", "data.train", "gkd.beta", "gkd.lambda", "sampling.maxNewTokens", "training.epochs",
            "training.batchSize", "optimizer.learningRate", "run.output",
        ],
        ReportTitle = "GKD",
        ReportLead =
            "The model learned the teacher's distribution of each next token, on responses of the data and on responses of its own.",
        Metrics =
        [
            new("loss", "Divergence from the teacher", "nats a token",
                "The generalised Jensen–Shannon divergence of the two models' distributions. Healthy: both curves fall; steps on the "
                    + "model's own responses and on those of the data have different levels."),
            new("gkd/on_policy", "Steps on the model's own responses", "%",
                "Whether a step learned from responses that the model sampled; the mean is gkd.lambda.") { Place = ChartPlace.Folded },
            .. CommonMetrics.OfTeachers,
        ],
    };

    public GkdRecipe() => Run = new() { Output = "runs/gkd" };

    /// <summary>
    /// A folder with the language model that is learned from. It has the same tokenizer as the model that is trained; empty for that model
    /// itself, with gkd.teacherPrompt.
    /// </summary>
    [ExistingPath(IsModel = true)]
    public string Teacher { get; init; } = "";

    /// <summary>How responses are sampled.</summary>
    public SamplingOptions Sampling { get; init; } = new() { MaxNewTokens = 128, Temperature = 0.9 };

    /// <summary>The algorithm.</summary>
    public GkdOptions Gkd { get; init; } = new();

    public override int ResponseRoom => Gkd.Samples ? Sampling.MaxNewTokens : 0;

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        [.. base.Validate(validationContext), .. ValidateTeacher()];

    IEnumerable<ValidationResult> ValidateTeacher()
    {
        if (Teacher.Length == 0 && Gkd.TeacherPrompt.Length == 0)
            yield return Validation.Broken(
                Teacher, "must name a folder with a language model; or gkd.teacherPrompt must be given, and the model teaches itself");
        if (Teacher.Length > 0 && Gkd.TeacherKind != TeacherKind.Fixed)
            yield return Validation.Broken(Teacher, "must be empty unless gkd.teacherKind is fixed: the model teaches itself");
        if (Gkd.TeacherKind == TeacherKind.Average && Parameters.Lora.Rank > 0)
            yield return Validation.Broken(Gkd.TeacherKind, "must be fixed or live with an adapter");
    }

    public override IRecipe WithFullPaths() => (GkdRecipe)base.WithFullPaths() with { Teacher = ModelPath.Full(Teacher) };

    protected override TokenDemonstration? Encode(Example example, TextEncoder encoder) =>
        Algorithms.Gkd.Encode(example, encoder, Gkd, ResponseRoom);

    protected override string EncodingSettings => $"{ResponseRoom} {Gkd.TeacherPrompt}";

    protected override IObjective<TokenDemonstration> NewObjective(Policy policy, TrainedParameters trained, Run run)
    {
        var student = new Policy(policy.Model, policy.Tokenizer, Sampling) { Critic = null };
        if (Teacher.Length > 0)
            return new Algorithms.Gkd(student, Policies.Teacher.Load(Teacher, student, run), trained, Gkd);
        if (Gkd.TeacherKind == TeacherKind.Live)
            return new Algorithms.Gkd(student, student, trained, Gkd);
        var own = NewReference(Gkd.OwnTeacher, student, trained, run);
        using var lease = own.Use();
        return new Algorithms.Gkd(student, lease.Policy, trained, Gkd) { OwnTeacher = own };
    }
}
