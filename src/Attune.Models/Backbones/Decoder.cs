using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Backbones;

/// <summary>A decoder as a stack of layers, which can be read in two parts: beneath a layer, and from there on.</summary>
public abstract class Decoder : Backbone
{
    /// <summary>Layers of the stack.</summary>
    public abstract int Layers { get; }

    /// <summary>
    /// Layers from the bottom on that nothing can change: neither they nor what comes before them is trainable or has an adapter.
    /// </summary>
    public int FrozenLayers => Embeddings.Any(IsLearned) ? 0 : Enumerable.Range(0, Layers).TakeWhile(layer => !IsLearned(Layer(layer))).Count();

    public override Tensor Forward(ModelInput input, KvCache? cache = null)
    {
        var read = PrepareLayers(input, cache);
        return ApplyFinalNorm(RunLayers(0, Layers, Embed(input, cache?.Length ?? 0), read));
    }

    /// <summary>What comes out beneath a layer, counted from 0: (B, T, D).</summary>
    public Tensor ForwardTo(int layer, ModelInput input) => RunLayers(0, layer, Embed(input, cached: 0), PrepareLayers(input, cache: null));

    /// <summary>From what came out beneath one layer to what comes out beneath another: (B, T, D).</summary>
    public Tensor ForwardBetween(int from, int to, Tensor hidden, ModelInput input) =>
        from == to ? hidden : RunLayers(from, to, hidden, PrepareLayers(input, cache: null));

    /// <summary>From what came out beneath a layer to the end, the final norm included: (B, T, D).</summary>
    public Tensor ForwardFrom(int layer, Tensor hidden, ModelInput input) => ApplyFinalNorm(ForwardBetween(layer, Layers, hidden, input));

    /// <summary>The parameters of the layers from one on, and of the final norm.</summary>
    public IEnumerable<Parameter> ParametersFrom(int layer) =>
        Enumerable.Range(layer, Layers - layer).Select(Layer).Append(FinalNorm).SelectMany(module => module.Parameters);

    /// <summary>The modules before the first layer.</summary>
    protected abstract IEnumerable<Module> Embeddings { get; }

    protected abstract Module Layer(int layer);

    /// <summary>Tokens as the first layer gets them: (B, T, D).</summary>
    protected abstract Tensor Embed(ModelInput input, long cached);

    /// <summary>Applies a layer, with what all layers share of an input made once: (layer, (B, T, D)) → (B, T, D).</summary>
    protected abstract Func<int, Tensor, Tensor> PrepareLayers(ModelInput input, KvCache? cache);

    protected abstract Module FinalNorm { get; }

    /// <summary>The final norm, applied.</summary>
    protected abstract Tensor ApplyFinalNorm(Tensor hidden);

    /// <summary>What a layer made on the way is freed behind it, save for what its gradient needs.</summary>
    static Tensor RunLayers(int from, int to, Tensor hidden, Func<int, Tensor, Tensor> read)
    {
        for (var layer = from; layer < to; layer++)
        {
            using var scope = TensorScope.Open();
            hidden = scope.MoveToOuterScope(read(layer, hidden));
        }
        return hidden;
    }

    static bool IsLearned(Module module) =>
        module.Parameters.Any(parameter => parameter.Trainable) || module.NamedModules().Any(inner => inner.Value is Layers.Linear { Adapter: not null });
}
