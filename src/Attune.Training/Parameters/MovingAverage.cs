using Attune.Models;
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
        foreach (var (name, parameter) in parameters)
            slots.Add((name, parameter, parameter.Value.Detach().Clone().Persist()));
    }

    /// <summary>Takes in the weights after an update.</summary>
    public void Update()
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        foreach (var (_, parameter, average) in slots)
            average.LerpInPlace(parameter.Value, 1 - decay);
    }

    /// <summary>Exchanges weights and averages; a second call exchanges them again.</summary>
    public void Swap()
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

    public void Save(StateWriter writer)
    {
        foreach (var (name, _, average) in slots)
            writer.Write(name, average);
    }

    public void Load(StateReader reader)
    {
        foreach (var (name, _, average) in slots)
            reader.ReadInto(name, average);
    }
}
