using Attune.Torch;

namespace Attune.Models.Layers;

/// <summary>Linear maps of one input: one parameter for each, or one joined matrix whose rows are those of all maps in order.</summary>
public sealed class Projections : Module
{
    readonly long[] widths;
    readonly Linear[] maps;

    public Projections(IReadOnlyList<string> names, long inputs, long[] widths, bool hasBias, double initialStd)
    {
        this.widths = widths;
        long[] outputs = names.Count == 1 ? [widths.Sum()] : widths;
        maps = [.. names.Zip(outputs, (name, width) => Register(name, new Linear(inputs, width, hasBias, initialStd)))];
    }

    /// <summary>(…, in) → (…, width) for each map.</summary>
    public Tensor[] Forward(Tensor x)
    {
        var input = maps[0].ConvertInput(x);
        return maps is [var joined] ? joined.Forward(input).Split(-1, widths) : Array.ConvertAll(maps, map => map.Forward(input));
    }
}
