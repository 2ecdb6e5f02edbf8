using Attune.Models;
using Attune.Models.Layers;
using Attune.Torch;
using Attune.Training.Parameters;
using Attune.Training.States;

namespace Attune.Training.Policies;

/// <summary>The policy that KL is measured from, and how it stays or follows.</summary>
public sealed class Reference : IRunState
{
    readonly ReferenceOptions options;
    readonly Func<Policy>? load;
    readonly Policy? kept;
    readonly IReadOnlyList<(string Name, Parameter Own, Parameter Leader)> followers = [];

    /// <param name="options">How it is kept.</param>
    /// <param name="policy">The policy, before it learns.</param>
    /// <param name="trained">What of it learns.</param>
    /// <param name="load">Reads the policy as it was.</param>
    public Reference(ReferenceOptions options, Policy policy, TrainedParameters trained, Func<Policy> load)
    {
        this.options = options;
        if (options.Kind == ReferenceKind.Precomputed)
        {
            this.load = load;
            return;
        }
        kept = trained.Reference(policy);
        if (options.Kind == ReferenceKind.Synchronised)
            followers = [.. policy.Model.NamedParameters().Join(
                kept.Model.NamedParameters(), leader => leader.Name, own => own.Name,
                (leader, own) => (leader.Name, own.Value, leader.Value), StringComparer.Ordinal).Where(pair => pair.Item3.Trainable)];
    }

    /// <summary>Asks the reference something.</summary>
    public T Ask<T>(Func<Policy, T> question)
    {
        if (kept is not null)
            return question(kept);
        var policy = load!();
        try
        {
            return question(policy);
        }
        finally
        {
            policy.Model.Free();
        }
    }

    /// <summary>Moves towards the policy after a step, where it follows: π_ref ← α π + (1 − α) π_ref, weight by weight.</summary>
    public void Follow(int step)
    {
        if (step % options.SyncEvery != 0)
            return;
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        foreach (var (_, own, leader) in followers)
            own.Value.LerpInPlace(leader.Value, options.SyncRate);
    }

    public void Save(StateWriter writer)
    {
        foreach (var (name, own, _) in followers)
            writer.Write(name, own.Value);
    }

    public void Load(StateReader reader)
    {
        foreach (var (name, own, _) in followers)
            reader.ReadInto(name, own.Value);
    }
}
