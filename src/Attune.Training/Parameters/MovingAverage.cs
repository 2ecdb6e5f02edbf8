using System.ComponentModel.DataAnnotations;
using Attune.Models.Layers;
using Attune.Torch;
using Attune.Training.States;

namespace Attune.Training.Parameters;

/// <summary>
/// An exponential moving average of weights: θ' ← d θ' + (1 − d) θ at each update. Ouyang et al. 2022, appendix C.4,
/// https://arxiv.org/abs/2203.02155
/// </summary>
public sealed class MovingAverage : IRunState
{
    readonly double decay;
    readonly List<(string Name, Parameter Parameter, Tensor Average)> slots = [];

    public MovingAverage(IEnumerable<(string Name, Parameter Value)> parameters, double decay)
    {
        this.decay = decay;
        using var noGrad = Autograd.NoGrad();
        foreach (var (name, parameter) in parameters.Where(parameter => parameter.Value.IsHeld))
            slots.Add((name, parameter, parameter.Value.Detach().Clone().DetachFromScope()));
    }

    /// <summary>Adds the weights after an update to the average.</summary>
    public void Update()
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        foreach (var (_, parameter, average) in slots)
            average.LerpInPlace(parameter.Value, 1 - decay);
    }

    /// <summary>Exchanges weights and averages; a second call exchanges them again.</summary>
    void Swap()
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        foreach (var (_, parameter, average) in slots)
        {
            var weights = parameter.Value.Detach().Clone();
            parameter.Value.CopyInPlace(average);
            average.CopyInPlace(weights);
        }
    }

    /// <summary>Replaces the weights by the averages until the result is disposed of.</summary>
    public IDisposable Use()
    {
        Swap();
        return new SwapBack(this);
    }

    public bool IsSharded => slots.Exists(slot => slot.Parameter.Owner is not null);

    public void Save(StateWriter writer)
    {
        foreach (var (name, parameter, average) in slots)
            writer.Write(name, parameter, average);
    }

    public void Load(StateReader reader)
    {
        foreach (var (name, _, average) in slots)
            reader.ReadInto(name, average);
    }

    sealed class SwapBack(MovingAverage average) : IDisposable
    {
        public void Dispose() => average.Swap();
    }
}

/// <summary>A moving average of the weights.</summary>
public sealed record AverageOptions
{
    /// <summary>
    /// The decay, at each update, of an exponential moving average of the weights, which is saved as the model; 0 for the weights
    /// themselves. InstructGPT: 0.992.
    /// </summary>
    [Range(0d, 1d, MaximumIsExclusive = true)]
    public double Decay { get; init; }
}
