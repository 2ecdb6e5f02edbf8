using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Reporting.Charts;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Offline;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Algorithms;

/// <summary>Which tokens of the vocabulary are compared at each token of a response.</summary>
public enum DivergenceTokens
{
    /// <summary>All.</summary>
    All,

    /// <summary>Those that the model finds most likely.</summary>
    TopK,

    /// <summary>The token of the response.</summary>
    Sampled,
}

/// <summary>Which weights the teacher has in self-distillation.</summary>
public enum TeacherKind
{
    /// <summary>Those from before training, or those of the folder of another teacher.</summary>
    Fixed,

    /// <summary>Those of the model as it is at each step.</summary>
    Live,

    /// <summary>A moving average of those of the model.</summary>
    Average,
}

/// <summary>Options of GKD.</summary>
public sealed record GkdOptions : IValidatableObject
{
    const string Prompt = "{prompt}", Completion = "{completion}";

    /// <summary>
    /// β of the generalised Jensen–Shannon divergence: 0 is KL(teacher ‖ student), which covers all that the teacher may write; 1 is
    /// KL(student ‖ teacher), which keeps to what the teacher finds likely.
    /// </summary>
    [Range(0d, 1d)]
    public double Beta { get; init; } = 0.5;

    /// <summary>
    /// λ: the probability that a step learns from responses that the model samples for the prompts of its batch, instead of the data's.
    /// </summary>
    [Range(0d, 1d)]
    public double Lambda { get; init; } = 0.5;

    /// <summary>Whether the other steps learn from responses that the teacher samples, instead of the data's (sequence-level KD).</summary>
    public bool SeqKd { get; init; }

    /// <summary>Divides the logits of both models in the divergence; sampling.temperature is that of the responses.</summary>
    [Range(1e-3, 1e3)]
    public double Temperature { get; init; } = 1;

    /// <summary>
    /// The tokens of the vocabulary that are compared: all, topK (those that the model finds most likely) or sampled (the response's own
    /// token, an estimate of beta 1 for lambda 1).
    /// </summary>
    public DivergenceTokens Over { get; init; }

    /// <summary>How many tokens are compared where over is topK.</summary>
    [Range(1, double.PositiveInfinity)]
    public int TopK { get; init; } = 100;

    /// <summary>
    /// Whether the probability of all other tokens counts as that of one more token where over is topK; otherwise the probabilities of the
    /// topK are normalised.
    /// </summary>
    public bool Tail { get; init; } = true;

    /// <summary>
    /// The prompt that the teacher reads, with {prompt} and {completion} of the data, so that a teacher with the model's own weights knows
    /// more than the model (self-distillation); empty for the prompt of the data.
    /// </summary>
    public string TeacherPrompt { get; init; } = "";

    /// <summary>
    /// The weights of the teacher: fixed (those from before training, or of the folder teacher), live (those of the model at each step) or
    /// average (a moving average of those of the model).
    /// </summary>
    public TeacherKind TeacherKind { get; init; }

    /// <summary>Steps between two updates of an average.</summary>
    [Range(1, double.PositiveInfinity)]
    public int SyncEvery { get; init; } = 1;

    /// <summary>α, the weight of the model in each update of an average.</summary>
    [Range(0d, 1d, MinimumIsExclusive = true)]
    public double SyncRate { get; init; } = 0.05;

    /// <summary>How a teacher that starts as a copy of the model is updated.</summary>
    internal ReferenceOptions OwnTeacher => TeacherKind == TeacherKind.Average
        ? new() { Kind = ReferenceKind.Synchronised, SyncEvery = SyncEvery, SyncRate = SyncRate }
        : new();

    /// <summary>Whether a step may sample responses.</summary>
    internal bool Samples => Lambda > 0 || SeqKd;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Over == DivergenceTokens.Sampled && (Beta < 1 || Lambda < 1))
            yield return new("must be all or topK unless beta and lambda are 1: it estimates KL(student ‖ teacher) from the model's own "
                + "responses", [nameof(Over)]);
        if (TeacherPrompt.Length > 0 && !TeacherPrompt.Contains(Completion, StringComparison.Ordinal))
            yield return new($"must contain {Completion}: it tells the teacher the response of the data", [nameof(TeacherPrompt)]);
    }

    /// <summary>The text that the teacher reads before a response.</summary>
    internal string TeacherPromptOf(Demonstration example) => TeacherPrompt
        .Replace(Completion, example.Completion, StringComparison.Ordinal).Replace(Prompt, example.Prompt, StringComparison.Ordinal);
}

/// <summary>
/// Generalized knowledge distillation. Agarwal et al. 2024, algorithm 1, https://arxiv.org/abs/2306.13649: with probability λ a step takes
/// responses that the student samples, else those of the data, and minimises the divergence of the two models' distributions at each token
/// of the responses. Departures: (1) λ is drawn for a step, in the paper for a batch and in TRL for a micro-batch; (2) responses of the
/// teacher, with <see cref="GkdOptions.SeqKd"/>, are sampled in the steps that need them. A teacher with the model's own weights that also
/// reads the demonstration (<see cref="GkdOptions.TeacherPrompt"/>) is self-distillation, TRL's SDFT: Shenfeld et al. 2026,
/// https://arxiv.org/abs/2601.19897.
/// </summary>
/// <param name="student">The policy that is trained.</param>
/// <param name="teacher">The teacher.</param>
/// <param name="trained">The trained parameters.</param>
/// <param name="options">The divergence, and where responses are from.</param>
public sealed class Gkd(Policy student, Policy teacher, TrainedParameters trained, GkdOptions options) : IObjective<TokenDemonstration>
{
    readonly Distillation distillation = new(student, trained, options.Temperature);

    /// <summary>The teacher, where it is a copy of the student from before training; null where it is not.</summary>
    public Reference? OwnTeacher { get; init; }

    /// <summary>The prompt of a demonstration or of a conversation, and its last response; null when it was left out.</summary>
    /// <param name="example">The example.</param>
    /// <param name="encoder">The encoder.</param>
    /// <param name="options">What the teacher reads.</param>
    /// <param name="room">The tokens that a prompt leaves for a response that is sampled.</param>
    /// <exception cref="InvalidDataException">The example has no response.</exception>
    public static TokenDemonstration? Encode(Example example, TextEncoder encoder, GkdOptions options, int room)
    {
        if (Sft.Encode(example, encoder) is not { TargetCount: > 0 } row || encoder.EncodePrompt(example, room) is not { } prompt)
            return null;
        var end = Array.LastIndexOf(row.LossMask, true);
        var start = Array.LastIndexOf(row.LossMask, false, end) + 1;
        var demonstration = new TokenDemonstration(prompt, row.Tokens[start..(end + 1)]);
        if (options.TeacherPrompt.Length == 0)
            return demonstration;
        if (example is not Demonstration texts)
            throw new InvalidDataException(
                $"{example.Origin}: `gkd.teacherPrompt` needs `prompt` and `completion` as texts; this is a conversation");
        room = Math.Max(room, demonstration.Response.Length);
        return encoder.EncodePrompt(example.Origin, options.TeacherPromptOf(texts), room) is { } read
            ? demonstration with { TeacherPrompt = read }
            : null;
    }

    public IReadOnlyList<TokenDemonstration> Sample(IReadOnlyList<TokenDemonstration> batch, RandomSource random, TrainingStep step)
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        var isOnPolicy = Tensor.Uniform([1], random).Item() < options.Lambda;
        if (isOnPolicy || options.SeqKd)
        {
            var rollouts = isOnPolicy
                ? student.Respond([.. batch.Select(example => example.Prompt)], random)
                : teacher.Respond([.. batch.Select(PromptOfTeacher)], random);
            batch = [.. batch.Zip(rollouts.Tokens, (example, response) => example with { Response = response })];
        }
        step.Log("gkd/on_policy", isOnPolicy ? 1 : 0);
        step.Log("responses/length", Count(batch) / batch.Count);
        return batch;
    }

    public double Count(IReadOnlyCollection<TokenDemonstration> batch) => batch.Sum(example => example.Response.Length);

    public Loss Compute(IReadOnlyList<TokenDemonstration> examples, double count)
    {
        var responses = Responses.From(
            [.. examples.Select(example => example.Prompt)], [.. examples.Select(example => example.Response)], student.Model.Device);
        var read = responses with { Prompts = [.. examples.Select(PromptOfTeacher)] };
        var (loss, values) = distillation.Sum(student.States(responses), teacher, read, (logprobs, teacherLogprobs, tokens) =>
            [Loss(logprobs, teacherLogprobs, tokens), .. Distillation.Measure(logprobs, teacherLogprobs)]);
        return new(Masked.Reduce(loss, count: count), Distillation.Metrics(values, count));
    }

    /// <summary>(n, V) log-probabilities and n tokens → (n)</summary>
    Tensor Loss(Tensor logprobs, Tensor teacherLogprobs, Tensor tokens)
    {
        if (options.Over == DivergenceTokens.Sampled)
            return Divergence.OfSampledTokens(Of(logprobs), Of(teacherLogprobs));
        if (options.Over == DivergenceTokens.TopK)
            (logprobs, teacherLogprobs) = Divergence.TopK(logprobs, teacherLogprobs, options.TopK, options.Tail);
        return Divergence.JensenShannon(logprobs, teacherLogprobs, options.Beta);

        Tensor Of(Tensor distribution) => distribution.Gather(1, tokens.Unsqueeze(1)).Squeeze(1);
    }

    public void AfterUpdate(int step) => OwnTeacher?.Sync(step);

    static TokenPrompt PromptOfTeacher(TokenDemonstration example) => example.TeacherPrompt ?? example.Prompt;

    public int Length(TokenDemonstration example) => example.Prompt.Tokens.Length + example.Response.Length;

    public string Describe(TokenDemonstration example) => example.Prompt.Text.Quoted();

    public string Summarize(IReadOnlyDictionary<string, double> metrics) =>
        $"loss {NumberFormat.Fixed(metrics["loss"], 3)}, KL {NumberFormat.Fixed(metrics["kl/forward"], 3)} nats a token"
        + (metrics["gkd/on_policy"] > 0 ? ", on policy" : "");
}
