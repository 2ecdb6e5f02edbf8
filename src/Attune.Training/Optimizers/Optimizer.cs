using Attune.Models.Layers;
using Attune.Torch;
using Attune.Torch.Distributed;
using Attune.Training.States;

namespace Attune.Training.Optimizers;

/// <summary>
/// Applies an <see cref="IUpdateRule"/> to named parameters, and keeps its state. Where several ranks train together, each updates a part
/// of the parameters and has the state of these only, and sends them to the others. Rajbhandari et al. 2020, "P_os",
/// https://arxiv.org/abs/1910.02054
/// </summary>
public sealed class Optimizer : IRunState
{
    readonly IUpdateRule rule;
    readonly double weightDecay;
    readonly IRanks ranks = Ranks.Current;
    readonly List<(string Name, Parameter Parameter, Tensor[] State)> slots = [];
    readonly int[] owners;
    int[]? bySize;
    int steps;

    /// <param name="rule">The update of a parameter.</param>
    /// <param name="parameters">The model's parameters; those that are not trainable are skipped. <see cref="Decays"/> says which
    /// decay.</param>
    /// <param name="weightDecay">The weight decay of those that decay.</param>
    public Optimizer(IUpdateRule rule, IEnumerable<(string Name, Parameter Value)> parameters, double weightDecay)
    {
        (this.rule, this.weightDecay) = (rule, weightDecay);
        (string Name, Parameter Value)[] trained = [.. parameters.Where(parameter => parameter.Value.Trainable)];
        owners = Ranks.Divide(
            [.. trained.Select(parameter => parameter.Value.ElementCount)], ranks.Count,
            [.. trained.Select(parameter => parameter.Value.Owner)]);
        foreach (var (at, (name, parameter)) in trained.Index())
            slots.Add((name, parameter, owners[at] == ranks.Rank ? NewState(parameter) : []));
    }

    /// <summary>Update several parameters in parallel, each on one thread; the bits are those of one thread.</summary>
    public IWorkers Workers { get; init; } = WorkerThreads.Single;

    /// <summary>Matrices decay; biases and norms do not, nor does T5's relative position bias.</summary>
    public static bool Decays(string name, Parameter parameter) =>
        parameter.Shape.Length > 1 && !name.Contains("bias", StringComparison.Ordinal);

    /// <summary>How many tensors are updated.</summary>
    public int Count => slots.Count;

    /// <summary>The tensors that are updated.</summary>
    public IReadOnlyList<Tensor> Parameters => field ??= [.. slots.Select(slot => slot.Parameter.Value)];

    /// <summary>Adds gradients in the order of <see cref="Parameters"/> to the accumulated ones, and frees them.</summary>
    public void AddGradients(IReadOnlyList<Tensor?> gradients) => ForEach(at =>
    {
        if (gradients[at] is not { } gradient)
            return;
        var parameter = slots[at].Parameter.Value;
        if (parameter.Grad is { } accumulated)
            accumulated.AddInPlace(gradient);
        else
            parameter.Grad = gradient;
        gradient.Dispose();
    });

    /// <summary>Removes the accumulated gradients and returns them, in the order of <see cref="Parameters"/>.</summary>
    public Tensor?[] TakeGradients()
    {
        Tensor?[] taken = [.. slots.Select(slot => slot.Parameter.Value.Grad)];
        ClearGradients();
        return taken;
    }

    /// <summary>Whether each parameter has a gradient on this rank.</summary>
    public bool[] HasGradient
    {
        get
        {
            using var scope = TensorScope.Open();
            return [.. slots.Select(slot => slot.Parameter.Value.Grad is not null)];
        }
    }

    /// <summary>
    /// Adds up the gradients of all ranks. Only the rank that updates a parameter then has its gradient, if any rank had one. Those of
    /// sharded parameters were added up in the backward pass.
    /// </summary>
    /// <param name="hasGradient">The <see cref="HasGradient"/> of each rank.</param>
    public void SumGradients(IReadOnlyList<bool[]> hasGradient)
    {
        using var scope = TensorScope.Open();
        int[] summed = [.. Whole.Where(at => hasGradient.Any(rank => rank[at]))];
        ranks.Sum(
            [.. summed.Select(at => slots[at].Parameter.Value).Select(value => value.Grad ??= value.Detach().ZerosLike())],
            [.. summed.Select(at => owners[at])]);
        foreach (var at in summed.Where(at => owners[at] != ranks.Rank))
            slots[at].Parameter.Value.Grad = null;
    }

    public void ClearGradients()
    {
        foreach (var (_, parameter, _) in slots)
            parameter.Value.Grad = null;
    }

    /// <summary>The 2-norm of all gradients of all ranks together; not finite when one of them is not.</summary>
    public double GradientNorm()
    {
        var all = new Tensor?[slots.Count];
        ForEach(at => all[at] = slots[at].Parameter.Value.Grad?.Norm().DetachFromScope());
        using var scope = TensorScope.Open();
        Tensor[] norms = [.. all.OfType<Tensor>()];
        var norm = norms.Length == 0 ? 0 : Tensor.Stack(0, norms).Norm().Item();
        foreach (var one in norms)
            one.Dispose();
        return Ranks.AreMany ? Math.Sqrt(Ranks.Gather(() => norm * norm).Sum()) : norm;
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
        ForEach(at =>
        {
            var (name, parameter, state) = slots[at];
            if (owners[at] == ranks.Rank && parameter.Value.Grad is { } gradient)
                rule.Update(
                    parameter.Value, gradient, state, steps, learningRate, Decays(name, parameter) ? weightDecay : 0, gradientScale);
        });
        if (Ranks.AreMany)
            ranks.Broadcast([.. Whole.Select(at => slots[at].Parameter.Value)], [.. Whole.Select(at => owners[at])]);
    }

    /// <summary>The parameters that every rank holds.</summary>
    IEnumerable<int> Whole => Enumerable.Range(0, slots.Count).Where(at => slots[at].Parameter.Owner is null);

    /// <summary>Calls an action with the index of each parameter; the largest parameters start first.</summary>
    void ForEach(Action<int> action) => Workers.Map(bySize ??= [.. Enumerable.Range(0, slots.Count).OrderBy(Size)], at =>
    {
        using var noGrad = Autograd.NoGrad();                    // of the worker's thread
        using var scope = TensorScope.Open();
        action(at);
        return at;
    });

    long Size(int at) => slots[at].Parameter.ElementCount;

    public bool IsSharded => true;

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

    /// <summary>The state tensors of this rank, named <c>parameter/state</c>.</summary>
    IEnumerable<(string Name, Tensor Value)> NamedState() =>
        slots.SelectMany(
            slot => rule.StateShapes(slot.Parameter.Shape).Zip(slot.State, (state, tensor) => ($"{slot.Name}/{state.Name}", tensor)));
}
