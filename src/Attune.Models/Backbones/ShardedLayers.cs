using Attune.Models.Layers;
using Attune.Torch;
using Attune.Torch.Distributed;

namespace Attune.Models.Backbones;

/// <summary>
/// The layers of a decoder whose weights are divided among ranks. A layer's weights are gathered before it is computed and freed
/// afterwards. The backward pass gathers them again and computes the layer a second time, from its input (Chen et al. 2016,
/// https://arxiv.org/abs/1604.06174), so that between the two no weights and no intermediate tensors are in memory.
/// </summary>
sealed class ShardedLayers
{
    readonly WeightSharding sharding;
    readonly ShardRange[] ranges;

    /// <summary>Divides the parameters, which have no memory yet.</summary>
    public ShardedLayers(WeightSharding sharding, IReadOnlyList<Module> layers)
    {
        this.sharding = sharding;
        Parameter[][] parameters = [.. layers.Select(layer => layer.Parameters.ToArray())];
        var owners = Ranks.Divide([.. parameters.SelectMany(own => own).Select(parameter => parameter.ElementCount)], sharding.Count);
        var at = 0;
        ranges = Array.ConvertAll(parameters, own =>
        {
            var range = sharding.Add(own);
            foreach (var (index, parameter) in own.Index())
                parameter.Shard(sharding, new(range.First + index, 1), owners[at++]);
            return range;
        });
    }

    /// <summary>Computes a layer: (B, T, D) → (B, T, D).</summary>
    /// <param name="layer">The layer, from 0.</param>
    /// <param name="hidden">Its input.</param>
    /// <param name="run">Computes a layer, with its weights in memory.</param>
    /// <param name="isTrained">Whether its output has a gradient also where its input has none.</param>
    public Tensor Run(int layer, Tensor hidden, SharedTensors<Func<int, Tensor, Tensor>> run, bool isTrained)
    {
        using var weights = sharding.Gather(ranges[layer]);
        if (!Autograd.IsEnabled || !(hidden.RequiresGrad || isTrained))
            return run.Value(layer, hidden);
        using var noGrad = Autograd.NoGrad();
        var hasGradient = hidden.RequiresGrad;
        return run.Value(layer, hidden).WithBackward(hidden, Backward, run.Share());

        Tensor? Backward(Tensor input, Tensor gradient)
        {
            input.RequiresGrad = hasGradient;
            sharding.Backward(ranges[layer], () =>
            {
                using var grad = Autograd.EnableGrad();
                using var scope = TensorScope.Open();
                run.Value(layer, input).Backward(gradient);
            });
            return input.Grad;
        }
    }
}
