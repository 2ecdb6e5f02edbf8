using Attune.Models.Adapters;
using Attune.Models.Backbones;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Checkpoints;

/// <summary>A description of a checkpoint from its settings and the headers of its files. Reads no weights.</summary>
/// <param name="Family">The <c>model_type</c>.</param>
/// <param name="ClassName">The class name in transformers.</param>
/// <param name="Backbone">The backbone without memory, for its sizes.</param>
/// <param name="Parameters">Number of parameters.</param>
/// <param name="LowRankParameters">Number of parameters of a LoRA adapter of rank 16 on all linear layers.</param>
/// <param name="IsTied">Whether the output matrix is the token embedding.</param>
/// <param name="Heads">The names of the heads in addition to the output head, such as PPO's value head or Q heads.</param>
/// <param name="StoredBytes">Bytes of weights in the files, by element type.</param>
/// <param name="FileCount">Number of safetensors files.</param>
public sealed record ModelSummary(
    string Family, string ClassName, Backbone Backbone, long Parameters, long LowRankParameters, bool IsTied, IReadOnlyList<string> Heads,
    IReadOnlyDictionary<DType, long> StoredBytes, int FileCount)
{
    const int LowRank = 16;

    /// <summary>Bytes of weights in the files.</summary>
    public long Bytes => StoredBytes.Values.Sum();

    /// <summary>Bytes of the weights when loaded in a type.</summary>
    public long BytesIn(DType dtype) => Parameters * dtype.Size();

    /// <summary>Bytes of keys and values for each token, in a type; 0 for an encoder.</summary>
    public long CacheBytesPerToken(DType dtype) => (Backbone.CacheShape?.ElementsPerToken ?? 0) * dtype.Size();

    /// <summary>
    /// Bytes to train all parameters with Adam: weight, gradient and two moments in float32 for each. Activations are not included.
    /// </summary>
    public long BytesToTrain => Parameters * 4 * DType.Float32.Size();

    /// <summary>Bytes to train a LoRA adapter of rank 16 with Adam on frozen float32 weights. Activations are not included.</summary>
    public long BytesToTrainLowRank => BytesIn(DType.Float32) + LowRankParameters * 4 * DType.Float32.Size();

    internal static long CountLowRank(Module model)
    {
        var lora = new Lora(model, new LoraOptions { Rank = LowRank }.ToConfig(), "the adapter's settings");
        return lora.NamedParameters().Sum(parameter => parameter.Value.ElementCount);
    }
}
