using Attune.Models.Checkpoints;
using Attune.Models.Layers;
using Attune.Torch;
using Attune.Training.Parameters;
using Attune.Training.States;

namespace Attune.Training.Policies;

/// <summary>
/// The policy that KL and log-ratios are measured from: kept in memory, loaded again when needed, or synchronised with the policy.
/// </summary>
public sealed class Reference : IRunState
{
    readonly ReferenceOptions options;
    readonly Func<Policy>? load;
    readonly Policy? kept;
    readonly IReadOnlyList<(string Name, Parameter Own, Parameter Policy)> synchronised = [];

    /// <summary>A reference that is kept in memory.</summary>
    /// <param name="policy">The policy before training.</param>
    /// <param name="trained">Which of its parameters are trained; all others are shared.</param>
    public Reference(Policy policy, TrainedParameters trained)
        : this(new(), policy, trained, () => policy)
    {
    }

    /// <param name="options">Whether it is kept, precomputed or synchronised.</param>
    /// <param name="policy">The policy before training.</param>
    /// <param name="trained">Which of its parameters are trained.</param>
    /// <param name="load">Loads the policy as it was before training.</param>
    public Reference(ReferenceOptions options, Policy policy, TrainedParameters trained, Func<Policy> load)
    {
        this.options = options;
        if (options.Kind == ReferenceKind.Precomputed)
        {
            this.load = load;
            return;
        }
        kept = trained.HasAdapter ? policy.WithAdapterOff() : policy.With(Pretrained.FrozenCopy(policy.Model));
        if (options.Kind == ReferenceKind.Synchronised)
            synchronised = [.. policy.Model.NamedParameters().Join(
                kept.Model.NamedParameters(), policyParameter => policyParameter.Name, referenceParameter => referenceParameter.Name,
                (policyParameter, referenceParameter) =>
                    (policyParameter.Name, referenceParameter.Value, policyParameter.Value), StringComparer.Ordinal)
                    .Where(pair => pair.Item3.Trainable)];
    }

    /// <summary>Whether the reference stays in memory, so that using it needs no loading.</summary>
    public bool IsKept => kept is not null;

    /// <summary>The reference's policy until the lease is disposed of; loaded for that long when it is not kept in memory.</summary>
    public Lease Use() => new(kept ?? load!(), isLoaded: kept is null);

    /// <summary>
    /// Synchronises with the policy after a step, where the options say so: π_ref ← α π + (1 − α) π_ref, weight by weight.
    /// </summary>
    public void Sync(int step)
    {
        if (step % options.SyncEvery != 0)
            return;
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        foreach (var (_, referenceParameter, policyParameter) in synchronised)
            referenceParameter.Value.LerpInPlace(policyParameter.Value, options.SyncRate);
    }

    public void Save(StateWriter writer)
    {
        foreach (var (name, referenceParameter, _) in synchronised)
            writer.Write(name, referenceParameter.Value);
    }

    public void Load(StateReader reader)
    {
        foreach (var (name, referenceParameter, _) in synchronised)
            reader.ReadInto(name, referenceParameter.Value);
    }

    /// <summary>The reference's policy while it is in use.</summary>
    public readonly struct Lease(Policy policy, bool isLoaded) : IDisposable
    {
        public Policy Policy => policy;

        public void Dispose()
        {
            if (isLoaded)
                policy.Model.Free();
        }
    }
}
