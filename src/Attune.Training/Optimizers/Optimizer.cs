using Attune.Models.Layers;
using Attune.Torch;
using Attune.Training.States;

namespace Attune.Training.Optimizers;

/// <summary>Applies an <see cref="IUpdateRule"/> to named parameters, and keeps what the rule remembers of them.</summary>
public sealed class Optimizer : IRunState
{
    readonly IUpdateRule rule;
    readonly double weightDecay;
    readonly List<(string Name, Parameter Parameter, Tensor[] State)> slots = [];
    int steps;

    /// <param name="rule">How a parameter moves.</param>
    /// <param name="parameters">Those that are trainable; see <see cref="Decays"/>.</param>
    /// <param name="weightDecay">Of those that decay.</param>
    public Optimizer(IUpdateRule rule, IEnumerable<(string Name, Parameter Value)> parameters, double weightDecay)
    {
        (this.rule, this.weightDecay) = (rule, weightDecay);
        foreach (var (name, parameter) in parameters.Where(parameter => parameter.Value.Trainable))
            slots.Add((name, parameter, NewState(parameter)));
    }

    /// <summary>Matrices decay; biases and norms do not, nor does T5's table of biases for distances.</summary>
    public static bool Decays(string name, Parameter parameter) => parameter.Shape.Length > 1 && !name.Contains("bias", StringComparison.Ordinal);

    /// <summary>How many tensors it moves.</summary>
    public int Count => slots.Count;

    /// <summary>What it moves.</summary>
    public IReadOnlyList<Tensor> Parameters => field ??= [.. slots.Select(slot => slot.Parameter.Value)];

    /// <summary>Adds gradients in the order of <see cref="Parameters"/> to those that are there, and frees them.</summary>
    public void AddGradients(IReadOnlyList<Tensor?> gradients)
    {
        foreach (var (parameter, gradient) in Parameters.Zip(gradients))
        {
            if (gradient is null)
                continue;
            using var before = parameter.Grad;
            if (before is null)
                parameter.Grad = gradient;
            else
                before.AddInPlace(gradient);
            gradient.Dispose();
        }
    }

    public void ClearGradients()
    {
        foreach (var (_, parameter, _) in slots)
            parameter.Value.Grad = null;
    }

    /// <summary>The Euclidean norm of all gradients together; not finite when one of them is not.</summary>
    public double GradientNorm()
    {
        using var scope = TensorScope.Open();
        var norms = slots.Select(slot => slot.Parameter.Value.Grad?.Norm()).OfType<Tensor>().ToArray();
        return norms.Length == 0 ? 0 : Tensor.Stack(0, norms).Norm().Item();
    }

    /// <summary>What gradients are multiplied by so that their norm together is at most <paramref name="maximum"/>. Pascanu et al. 2013,
    /// algorithm 1, https://arxiv.org/abs/1211.5063</summary>
    /// <param name="norm">What <see cref="GradientNorm"/> gave.</param>
    /// <param name="maximum">0 for no limit.</param>
    public static double ClipFactor(double norm, double maximum) => maximum > 0 ? Math.Min(1, maximum / (norm + 1e-6)) : 1;

    /// <summary>Moves every parameter that has a gradient, as if that were multiplied by a factor.</summary>
    public void Step(double learningRate, double gradientScale = 1)
    {
        steps++;
        using var noGrad = Autograd.NoGrad();
        foreach (var (name, parameter, state) in slots)
        {
            using var scope = TensorScope.Open();
            if (parameter.Value.Grad is { } gradient)
                rule.Update(parameter.Value, gradient, state, steps, learningRate, Decays(name, parameter) ? weightDecay : 0, gradientScale);
        }
    }

    public void Save(StateWriter writer)
    {
        writer.Write("steps", steps);
        foreach (var (name, tensor) in NamedState())
            writer.Write(name, tensor);
    }

    public void Load(StateReader reader)
    {
        steps = (int)reader.ReadNumber("steps");
        foreach (var (name, tensor) in NamedState())
            reader.ReadInto(name, tensor);
    }

    Tensor[] NewState(Parameter parameter) =>
        [.. rule.StateShapes(parameter.Shape).Select(state => Tensor.Zeros(state.Shape, DType.Float32, parameter.Value.Device).DetachFromScope())];

    /// <summary>What the rule remembers, as <c>parameter/state</c>.</summary>
    IEnumerable<(string Name, Tensor Value)> NamedState() =>
        slots.SelectMany(slot => rule.StateShapes(slot.Parameter.Shape).Zip(slot.State, (state, tensor) => ($"{slot.Name}/{state.Name}", tensor)));
}
