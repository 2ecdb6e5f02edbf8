using Attune.Models.Families;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Parameters;
using Microsoft.Extensions.AI;

namespace Attune;

/// <summary>
/// Embeddings of texts by an encoder: the mean of the hidden states of a text's tokens, with length 1. A text that is longer than the
/// model's context is cut at its end.
/// </summary>
public sealed class EmbeddingModel : IEmbeddingGenerator<string, Embedding<float>>
{
    const int RowsAtOnce = 16;

    readonly Encoder encoder;
    readonly Tokenizer tokenizer;
    readonly SemaphoreSlim turn = new(1);

    EmbeddingModel(Encoder encoder, Tokenizer tokenizer, string name) => (this.encoder, this.tokenizer, Name) = (encoder, tokenizer, name);

    /// <summary>Loads the encoder of a folder.</summary>
    /// <param name="folder">A folder with BERT, RoBERTa or DistilBERT.</param>
    /// <param name="device">auto (CUDA where there is one), cpu, cuda or cuda:N.</param>
    /// <param name="name">The name of the model; null for the path of its folder.</param>
    /// <exception cref="InvalidDataException">The folder has no encoder.</exception>
    /// <exception cref="DllNotFoundException">The native library or libtorch is missing; the message says what to install.</exception>
    public static EmbeddingModel Load(string folder, string device = "auto", string? name = null)
    {
        TorchLibrary.Load();
        return new(ModelFolder.LoadEncoder(folder, Device.Parse(device)), ModelFolder.LoadTokenizer(folder), name ?? folder);
    }

    /// <summary>The name of the model.</summary>
    public string Name { get; }

    /// <summary>Numbers of an embedding.</summary>
    public int Dimensions => (int)encoder.Width;

    /// <summary>The embeddings of texts, and how many tokens were read. Calls of several threads take turns.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="cancellationToken">Stops between two batches.</param>
    public async Task<(IReadOnlyList<float[]> Vectors, int Tokens)> EmbedAsync(
        IReadOnlyList<string> texts, CancellationToken cancellationToken = default)
    {
        await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(() => Embed(texts, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <inheritdoc/>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var (vectors, tokens) = await EmbedAsync([.. values], cancellationToken).ConfigureAwait(false);
        return new(vectors.Select(vector => new Embedding<float>(vector) { ModelId = Name, CreatedAt = DateTimeOffset.UtcNow }))
        {
            Usage = new() { InputTokenCount = tokens, TotalTokenCount = tokens },
        };
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is not null ? null
        : serviceType == typeof(EmbeddingGeneratorMetadata) ? new EmbeddingGeneratorMetadata("attune", null, Name, Dimensions)
        : serviceType.IsInstanceOfType(this) ? this
        : null;

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        turn.Dispose();
        encoder.Free();
    }

    (IReadOnlyList<float[]>, int) Embed(IReadOnlyList<string> texts, CancellationToken cancellation)
    {
        using var noGrad = Autograd.NoGrad();
        int[][] tokens = [.. texts.Select(text => tokenizer.EncodeWhole(encoder, text, Side.Right))];
        var vectors = new float[texts.Count][];
        foreach (var rows in Enumerable.Range(0, texts.Count).OrderBy(row => tokens[row].Length).Chunk(RowsAtOnce))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = TensorScope.Open();
            var means = Means(Array.ConvertAll(rows, row => tokens[row])).ToArray<float>().Chunk(Dimensions);
            foreach (var (row, mean) in rows.Zip(means))
                vectors[row] = mean;
        }
        return (vectors, tokens.Sum(row => row.Length));
    }

    /// <summary>(B, D): the mean of the hidden states of each row, with length 1.</summary>
    Tensor Means(int[][] rows)
    {
        var input = TensorBatch.Padded(rows, tokenizer.FillId, encoder.TokenEmbedding.Value.Device);
        var sum = (encoder.Forward(input) * input.AttentionMask!.To(DType.Float32).Unsqueeze(2)).Sum(1);        // (B, D)
        return sum / sum.Square().Sum(1, keepDim: true).Sqrt();
    }
}
