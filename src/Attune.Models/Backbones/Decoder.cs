using Attune.Models.Layers;
using Attune.Torch;
using Attune.Torch.Distributed;

namespace Attune.Models.Backbones;

/// <summary>A decoder: a stack of layers, of which a part can be computed alone.</summary>
public abstract class Decoder : Backbone
{
    ShardedLayers? sharded;

    /// <summary>Number of layers in the stack.</summary>
    public abstract int Layers { get; }

    /// <summary>
    /// Number of layers, from the bottom, whose output training cannot change: neither they nor the embeddings are trainable or have an
    /// adapter.
    /// </summary>
    public int FrozenLayers => Embeddings.Any(IsTrained)
        ? 0
        : Enumerable.Range(0, Layers).TakeWhile(layer => !IsTrained(Layer(layer))).Count();

    public override Tensor Forward(ModelInput input, KvCache? cache = null) =>
        ApplyFinalNorm(RunLayers(0, Layers, Embed(input, cache?.Length ?? 0), input, cache));

    /// <summary>The input of a layer, counted from 0: (B, T, D).</summary>
    public Tensor ForwardTo(int layer, ModelInput input) => RunLayers(0, layer, Embed(input, cached: 0), input);

    /// <summary>From the input of one layer to the input of another: (B, T, D).</summary>
    public Tensor ForwardBetween(int from, int to, Tensor hidden, ModelInput input) =>
        from == to ? hidden : RunLayers(from, to, hidden, input);

    /// <summary>From the input of a layer to the end, the final norm included: (B, T, D).</summary>
    public Tensor ForwardFrom(int layer, Tensor hidden, ModelInput input) => ApplyFinalNorm(ForwardBetween(layer, Layers, hidden, input));

    /// <summary>The parameters of all layers from this one on, and of the final norm.</summary>
    public IEnumerable<Parameter> ParametersFrom(int layer) =>
        Enumerable.Range(layer, Layers - layer).Select(Layer).Append(FinalNorm).SelectMany(module => module.Parameters);

    /// <summary>Divides the weights of the layers, which have no memory yet, among ranks; null leaves them whole.</summary>
    internal void Shard(WeightSharding? sharding) =>
        sharded = sharding is null ? null : new(sharding, [.. Enumerable.Range(0, Layers).Select(Layer)]);

    /// <summary>The modules before the first layer.</summary>
    protected abstract IEnumerable<Module> Embeddings { get; }

    protected abstract Module Layer(int layer);

    /// <summary>The input of the first layer: (B, T, D).</summary>
    protected abstract Tensor Embed(ModelInput input, long cached);

    /// <summary>
    /// Computes what all layers share for an input, and returns a function that applies one layer: (layer, (B, T, D)) → (B, T, D).
    /// </summary>
    protected abstract Func<int, Tensor, Tensor> PrepareLayers(ModelInput input, KvCache? cache);

    protected abstract Module FinalNorm { get; }

    /// <summary>Applies the final norm.</summary>
    protected abstract Tensor ApplyFinalNorm(Tensor hidden);

    /// <summary>Frees each layer's intermediate tensors; autograd keeps what it needs.</summary>
    Tensor RunLayers(int from, int to, Tensor hidden, ModelInput input, KvCache? cache = null)
    {
        using var shared = new SharedTensors<Func<int, Tensor, Tensor>>(() => PrepareLayers(input, cache));
        for (var layer = from; layer < to; layer++)
        {
            using var scope = TensorScope.Open();
            hidden = scope.MoveToOuterScope(sharded is null
                ? shared.Value(layer, hidden)
                : sharded.Run(layer, hidden, shared, IsTrained(Layer(layer))));
        }
        return hidden;
    }

    static bool IsTrained(Module module) =>
        module.Parameters.Any(parameter => parameter.Trainable)
            || module.NamedModules().Any(inner => inner.Value is Layers.Linear { Adapter: not null });
}
