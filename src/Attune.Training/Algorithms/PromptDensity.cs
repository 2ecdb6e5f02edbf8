using Attune.Data;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Offline;
using Attune.Training.Policies;

namespace Attune.Training.Algorithms;

/// <summary>
/// The probability that a prompt is one of the desirable examples, for BCO's underlying distribution matching: a logistic regression on
/// prompt embeddings, fitted before training. An embedding is the mean of the policy's last hidden states over the prompt's tokens.
/// </summary>
public sealed class PromptDensity
{
    const int RowsAtOnce = 4;

    readonly Dictionary<int[], double> probabilities = new(new TokenSequenceComparer());

    /// <summary>The probability that the example's prompt is one of the desirable examples.</summary>
    public double ProbabilityOf(TokenLabels example) => probabilities[PromptOf(example)];

    /// <param name="policy">The policy before training.</param>
    /// <param name="data">The training examples to fit to; the held-out ones are evaluated too.</param>
    /// <param name="sampleSize">The most desirable, and the most undesirable, examples that are drawn.</param>
    /// <param name="seed">Draws the examples.</param>
    /// <exception cref="InvalidDataException">All labels are the same.</exception>
    public static PromptDensity Fit(Policy policy, OfflineData<TokenLabels> data, int sampleSize, int seed)
    {
        var embeddings = Embeddings(policy, data.All.Select(PromptOf).Distinct(new TokenSequenceComparer()));
        var (desirable, undesirable) = (Sample(true), Sample(false));
        if (desirable.Count == 0 || undesirable.Count == 0)
            throw new InvalidDataException(
                "`bco.matchPrompts` needs desirable and undesirable responses to compare their prompts; "
                + $"all responses are {(desirable.Count > 0 ? "desirable" : "undesirable")}");
        var classifier = LogisticRegression.Fit(desirable, undesirable);
        var density = new PromptDensity();
        foreach (var (prompt, embedding) in embeddings)
            density.probabilities[prompt] = classifier.Probability(embedding);
        return density;

        List<double[]> Sample(bool label)
        {
            TokenLabels[] examples = [.. data.Train.Where(example => example.Labels.Contains(label))];
            new Random(seed).Shuffle(examples);
            return [.. examples.Take(sampleSize).Select(example => embeddings[PromptOf(example)])];
        }
    }

    static Dictionary<int[], double[]> Embeddings(Policy policy, IEnumerable<int[]> prompts)
    {
        using var noGrad = Autograd.NoGrad();
        var embeddings = new Dictionary<int[], double[]>(new TokenSequenceComparer());
        foreach (var rows in prompts.OrderBy(prompt => prompt.Length).Chunk(RowsAtOnce))
        {
            using var scope = TensorScope.Open();
            var input = TensorBatch.Padded(rows, policy.Tokenizer.FillId, policy.Model.Device);
            var hidden = policy.Model.HiddenStates(policy.Model.Backbone.ForScoring(input));        // (B, T, D)
            var mask = input.AttentionMask!.To(DType.Float32).Unsqueeze(-1);
            var means = (hidden.To(DType.Float32) * mask).Sum(1) / mask.Sum(1);                     // (B, D)
            foreach (var (row, prompt) in rows.Index())
                embeddings[prompt] = [.. means.Select(0, row).ToArray<float>().Select(x => (double)x)];
        }
        return embeddings;
    }

    static int[] PromptOf(TokenLabels example) => example.Texts[0][..example.PromptLength];
}
