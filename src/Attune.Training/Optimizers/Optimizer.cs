using Attune.Models.Layers;
using Attune.Torch;
using Attune.Training.States;

namespace Attune.Training.Optimizers;

/// <summary>Applies an <see cref="IUpdateRule"/> to named parameters, and keeps its state.</summary>
public sealed class Optimizer : IRunState
{
    readonly IUpdateRule rule;
    readonly double weightDecay;
    readonly List<(string Name, Parameter Parameter, Tensor[] State)> slots = [];
    int steps;

    /// <param name="rule">The update of a parameter.</param>
    /// <param name="parameters">The model's parameters; those that are not trainable are skipped. <see cref="Decays"/> says which
    /// decay.</param>
    /// <param name="weightDecay">The weight decay of those that decay.</param>
    public Optimizer(IUpdateRule rule, IEnumerable<(string Name, Parameter Value)> parameters, double weightDecay)
    {
        (this.rule, this.weightDecay) = (rule, weightDecay);
        foreach (var (name, parameter) in parameters.Where(parameter => parameter.Value.Trainable))
            slots.Add((name, parameter, NewState(parameter)));
    }

    /// <summary>Matrices decay; biases and norms do not, nor does T5's relative position bias.</summary>
    public static bool Decays(string name, Parameter parameter) =>
        parameter.Shape.Length > 1 && !name.Contains("bias", StringComparison.Ordinal);

    /// <summary>How many tensors are updated.</summary>
    public int Count => slots.Count;

    /// <summary>The tensors that are updated.</summary>
    public IReadOnlyList<Tensor> Parameters => field ??= [.. slots.Select(slot => slot.Parameter.Value)];

    /// <summary>Adds gradients in the order of <see cref="Parameters"/> to the accumulated ones, and frees them.</summary>
    public void AddGradients(IReadOnlyList<Tensor?> gradients)
    {
        foreach (var (parameter, gradient) in Parameters.Zip(gradients))
        {
            if (gradient is null)
                continue;
            using var accumulated = parameter.Grad;
            if (accumulated is null)
                parameter.Grad = gradient;
            else
                accumulated.AddInPlace(gradient);
            gradient.Dispose();
        }
    }

    public void ClearGradients()
    {
        foreach (var (_, parameter, _) in slots)
            parameter.Value.Grad = null;
    }

    /// <summary>The 2-norm of all gradients together; not finite when one of them is not.</summary>
    public double GradientNorm()
    {
        using var scope = TensorScope.Open();
        var norms = slots.Select(slot => slot.Parameter.Value.Grad?.Norm()).OfType<Tensor>().ToArray();
        return norms.Length == 0 ? 0 : Tensor.Stack(0, norms).Norm().Item();
    }

    /// <summary>
    /// The factor that limits the norm of all gradients together to <paramref name="maximum"/>. Pascanu et al. 2013, algorithm 1,
    /// https://arxiv.org/abs/1211.5063
    /// </summary>
    /// <param name="norm">The result of <see cref="GradientNorm"/>.</param>
    /// <param name="maximum">The limit; 0 for none.</param>
    public static double ClipFactor(double norm, double maximum) => maximum > 0 ? Math.Min(1, maximum / (norm + 1e-6)) : 1;

    /// <summary>Updates every parameter that has a gradient, with the gradient multiplied by <paramref name="gradientScale"/>.</summary>
    public void Step(double learningRate, double gradientScale = 1)
    {
        steps++;
        using var noGrad = Autograd.NoGrad();
        foreach (var (name, parameter, state) in slots)
        {
            using var scope = TensorScope.Open();
            if (parameter.Value.Grad is { } gradient)
                rule.Update(
                    parameter.Value, gradient, state, steps, learningRate, Decays(name, parameter) ? weightDecay : 0, gradientScale);
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
        [.. rule.StateShapes(parameter.Shape)
            .Select(state => Tensor.Zeros(state.Shape, DType.Float32, parameter.Value.Device).DetachFromScope())];

    /// <summary>The state tensors, named <c>parameter/state</c>.</summary>
    IEnumerable<(string Name, Tensor Value)> NamedState() =>
        slots.SelectMany(
            slot => rule.StateShapes(slot.Parameter.Shape).Zip(slot.State, (state, tensor) => ($"{slot.Name}/{state.Name}", tensor)));
}
