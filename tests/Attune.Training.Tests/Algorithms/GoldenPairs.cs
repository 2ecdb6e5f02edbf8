using System.Text.Json;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;

namespace Attune.Training.Tests.Algorithms;

/// <summary>The tokens and logits of pairs in a golden file: the rows of the chosen responses, then those of the rejected ones.</summary>
sealed class GoldenPairs
{
    readonly long rows;

    /// <param name="inputs">The inputs of a case.</param>
    /// <param name="rows">How many rows are read, of which some may be neither chosen nor rejected; null for all.</param>
    /// <param name="pairs">The number of pairs; null for half of the rows.</param>
    public GoldenPairs(JsonElement inputs, long? rows = null, long? pairs = null)
    {
        Tokens = GoldenFile.Tensor(inputs.GetProperty("input_ids")).Slice(1, 1);                          // (R, T − 1)
        this.rows = rows ?? Tokens.Size(0);
        Tokens = Tokens.Slice(0, 0, this.rows);
        Count = pairs ?? this.rows / 2;
        Inputs = inputs;
        Logits = GoldenFile.Tensor(inputs.GetProperty("policy_logits")).Slice(0, 0, this.rows).Clone();    // (R, T, V)
        Logits.RequiresGrad = true;
        (Logprobs, NllLogprobs) = (LogprobsOf(Logits), LogprobsOf(Logits));
        Mask = inputs.TryGetProperty("completion_mask", out var mask)
            ? GoldenFile.Tensor(mask).Slice(1, 1).Slice(0, 0, this.rows).EqualTo(1)
            : GoldenFile.Tensor(inputs.GetProperty("labels")).Slice(1, 1).NotEqualTo(-100);
        (Chosen, Rejected) = (Tensor.Arange(0, Count), Tensor.Arange(Count, 2 * Count));
    }

    public JsonElement Inputs { get; }

    /// <summary>The number of pairs.</summary>
    public long Count { get; }

    public Tensor Tokens { get; }

    /// <summary>(R, T, V), a leaf.</summary>
    public Tensor Logits { get; }

    /// <summary>(R, T − 1) of all tokens but the first.</summary>
    public Tensor Logprobs { get; }

    /// <summary>The same, for terms that the gradient of log-probabilities in the file does not include.</summary>
    public Tensor NllLogprobs { get; }

    /// <summary>(R, T − 1): the tokens of the responses.</summary>
    public Tensor Mask { get; }

    /// <summary>(P) rows.</summary>
    public Tensor Chosen { get; }

    /// <summary>(P) rows.</summary>
    public Tensor Rejected { get; }

    /// <summary>The tokens of the chosen responses.</summary>
    public double ChosenTokens => Mask.Slice(0, 0, Count).To(DType.Float32).Sum().Item();

    public PairLogprobs Sums(double tailWeight = 1) => PairLogprobs.From(Logprobs, Mask, Chosen, Rejected, tailWeight);

    /// <summary>(P): the negative log-likelihood of each chosen response.</summary>
    public Tensor ChosenNll => -PairLogprobs.From(NllLogprobs, Mask, Chosen, Rejected).Chosen;

    public PairLogprobs ReferenceSums(double tailWeight = 1) => PairLogprobs.From(
        LogprobsOf(GoldenFile.Tensor(Inputs.GetProperty("ref_logits"))), Mask, Chosen, Rejected, tailWeight);

    /// <summary>The value of a loss and its gradients are those of the file.</summary>
    public void Close(JsonElement expected, Tensor loss)
    {
        GoldenFile.Close(expected.GetProperty("loss"), loss, "loss");
        var gradients = loss.GradientsOf([Logits, Logprobs]);
        if (expected.TryGetProperty("grad_logits", out var gradient))
            GoldenFile.Close(gradient, gradients[0]!, "gradient of logits");
        if (expected.TryGetProperty("grad_per_token_logps", out gradient))
            GoldenFile.Close(gradient, gradients[1] ?? Logprobs.ZerosLike(), "gradient of log-probabilities");
    }

    /// <summary>The metrics of a loss are those of the file that have the same name.</summary>
    public static void Close(JsonElement expected, IReadOnlyDictionary<string, Tensor> metrics)
    {
        var logged = expected.GetProperty("metrics");
        foreach (var (name, value) in metrics)
            GoldenFile.Close(logged.GetProperty(name), value, name);
    }

    /// <summary>The value that an option has in a case, or its default.</summary>
    public static double Number(JsonElement hparams, string key, double otherwise = 0) => hparams.Optional(key) ?? otherwise;

    /// <summary>A name of TRL, such as exo_pair or tpo-l.</summary>
    public static T Name<T>(JsonElement name) where T : struct, Enum => Enum.Parse<T>(
        name.GetString()!.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal), ignoreCase: true);

    Tensor LogprobsOf(Tensor logits)
    {
        var before = logits.Slice(1, 0, -1);
        return -CrossEntropy.PerToken(before.Reshape(-1, before.Size(-1)), Tokens.Reshape(-1)).Reshape(rows, -1);
    }
}
