using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Reporting.TextMetrics;
using Attune.Text;
using Attune.Torch;
using Attune.Torch.Distributed;
using Attune.Training.Batches;
using Attune.Training.Options;
using Attune.Training.Parameters;

namespace Attune.Training.Rewards;

/// <summary>BERTScore of a response.</summary>
/// <param name="Precision">How near each token of the response is to the nearest token of the reference.</param>
/// <param name="Recall">How near each token of the reference is to the nearest token of the response.</param>
/// <param name="F1">Their harmonic mean.</param>
public readonly record struct BertScore(double Precision, double Recall, double F1);

/// <summary>
/// BERTScore: greedy matching of tokens by the cosines of an encoder's hidden states. Zhang et al. 2020, https://arxiv.org/abs/1904.09675.
/// As in the authors' bert_score, the classification and separator tokens have no weight, but other tokens may match them; of several
/// references, the greatest of each number counts; an empty response scores 0.
/// </summary>
public sealed class BertScorer
{
    /// <summary>The layers that bert_score uses, by family and number of layers: those that agree most with people.</summary>
    static readonly Dictionary<(string Family, int Layers), int> UsualLayers = new()
    {
        [("bert", 12)] = 9,
        [("bert", 24)] = 18,
        [("roberta", 6)] = 5,
        [("roberta", 12)] = 10,
        [("roberta", 24)] = 17,
        [("distilbert", 6)] = 5,
    };

    readonly Encoder encoder;
    readonly Tokenizer tokenizer;
    readonly int layer;
    readonly string before;

    /// <param name="folder">A folder with an encoder: BERT, RoBERTa or DistilBERT.</param>
    /// <param name="device">The device that it computes on.</param>
    /// <param name="layer">
    /// The layer whose hidden states are compared, from 1; 0 for that of bert_score for a model of this size, or the last one.
    /// </param>
    /// <exception cref="InvalidDataException">The folder has no encoder, or the encoder has fewer layers.</exception>
    public BertScorer(string folder, Device device, int layer = 0)
    {
        encoder = ModelFolder.LoadEncoder(folder, device);
        tokenizer = ModelFolder.LoadTokenizer(folder);
        var family = (string)Pretrained.ReadConfig(ModelPath.Find(folder))["model_type"]!;
        if (layer > encoder.LayerCount)
            throw new InvalidDataException($"layer must be at most {encoder.LayerCount}, the layers of {folder} (was {layer})");
        this.layer = layer > 0 ? layer : UsualLayer(family, encoder.LayerCount);
        before = family == "roberta" ? " " : "";                       // its words begin with a space
    }

    /// <summary>Whether tokens are weighted by how few references have them.</summary>
    public bool Idf { get; init; }

    /// <summary>The numbers of unrelated texts, which become 0: each number x becomes (x − b) / (1 − b).</summary>
    public BertScore Baseline { get; init; }

    /// <summary>How many batches are encoded in parallel on a CPU, each on one thread.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>The numbers of each response. With <see cref="Idf"/>, weights are those of the references of all of them.</summary>
    public IReadOnlyList<BertScore> Score(IReadOnlyList<ReferencedText> texts)
    {
        string[] all = [.. texts.SelectMany(text => text.References.Append(text.Response)).Distinct(StringComparer.Ordinal)];
        int[][] tokens = Array.ConvertAll(all, text => tokenizer.EncodeWhole(encoder, before + text.Trim(), Side.Right));
        var states = LengthBatches.Map(tokens, row => row.Length, RankWorkers.On(encoder.TokenEmbedding.Value.Device, Workers), States);
        var encoded = all.Zip(tokens, states).ToDictionary(
            row => row.First, row => new Encoded(row.Second, row.Third), StringComparer.Ordinal);
        var weights = Weights([.. texts.SelectMany(text => text.References).Select(reference => encoded[reference].Tokens)]);
        return [.. texts.Select(text => Rescale(
            [.. text.References.Select(reference => Compare(encoded[text.Response], encoded[reference], weights))]))];
    }

    /// <summary>P and R, eq. 1, with the weights of tokens (section 3, importance weighting), and F1.</summary>
    /// <param name="response">(T, D) hidden states of the response, of length 1.</param>
    /// <param name="ofResponse">T weights.</param>
    /// <param name="reference">(U, D) hidden states of the reference, of length 1.</param>
    /// <param name="ofReference">U weights.</param>
    public static BertScore Match(Tensor response, double[] ofResponse, Tensor reference, double[] ofReference)
    {
        using var scope = TensorScope.Open();
        var cosines = response.MatMul(reference.Transpose(0, 1));                                   // (T, U)
        var (precision, recall) = (Mean(cosines.Max(1), ofResponse), Mean(cosines.Max(0), ofReference));
        return new(precision, recall, precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall));

        static double Mean(Tensor nearest, double[] weights) => weights.Sum() is > 0 and var total
            ? nearest.ToArray<float>().Zip(weights, (cosine, weight) => cosine * weight).Sum() / total
            : 0;
    }

    /// <summary>The layer of bert_score for a model of this size, or the last one.</summary>
    internal static int UsualLayer(string family, int layers) => UsualLayers.GetValueOrDefault((family, layers), layers);

    BertScore Compare(Encoded response, Encoded reference, Func<int, double> weights)
    {
        using var scope = TensorScope.Open();
        return Match(
            Matrix(response), Array.ConvertAll(response.Tokens, token => weights(token)), Matrix(reference),
            Array.ConvertAll(reference.Tokens, token => weights(token)));

        Tensor Matrix(Encoded text) => Tensor.From(text.States, text.Tokens.Length, encoder.Width);
    }

    /// <summary>The greatest numbers over the references, rescaled.</summary>
    BertScore Rescale(BertScore[] references)
    {
        return new(
            Rescaled(references.Max(score => score.Precision), Baseline.Precision),
            Rescaled(references.Max(score => score.Recall), Baseline.Recall),
            Rescaled(references.Max(score => score.F1), Baseline.F1));

        static double Rescaled(double value, double baseline) => (value - baseline) / (1 - baseline);
    }

    /// <summary>The weight of a token: 1, or log((N + 1) / (n + 1)) for n of N references that have it; 0 for special tokens.</summary>
    Func<int, double> Weights(int[][] references)
    {
        var counts = Idf ? references.SelectMany(reference => reference.Distinct()).CountBy(token => token).ToDictionary() : [];
        return token => token == tokenizer.ClsId || token == tokenizer.SepId ? 0
            : Idf ? Math.Log((references.Length + 1.0) / (counts.GetValueOrDefault(token) + 1)) : 1;
    }

    /// <summary>The hidden states of each text, of length 1.</summary>
    float[][] States(int[][] texts)
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        var hidden = encoder.HiddenStates(
            TensorBatch.Padded(texts, tokenizer.FillId, encoder.TokenEmbedding.Value.Device), layer).To(DType.Float32);    // (B, T, D)
        var unit = (hidden / hidden.Square().Sum(-1, keepDim: true).Sqrt()).ToArray<float>();
        var row = (int)(hidden.Size(1) * hidden.Size(2));
        return [.. texts.Select((text, at) => unit[(at * row)..(at * row + text.Length * (int)hidden.Size(2))])];
    }

    /// <param name="Tokens">T tokens.</param>
    /// <param name="States">(T, D)</param>
    sealed record Encoded(int[] Tokens, float[] States);
}
