using Attune.Models;
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
    readonly IReadOnlyList<(string Name, Parameter Own, Func<Tensor> Leader)> followed = [];

    /// <summary>A reference that is kept in memory.</summary>
    /// <param name="policy">The policy before training.</param>
    /// <param name="trained">Which of its parameters are trained; all others are shared.</param>
    public Reference(Policy policy, TrainedParameters trained)
        : this(new(), policy, trained, () => policy)
    {
    }

    /// <param name="options">How it is kept.</param>
    /// <param name="policy">The policy before training.</param>
    /// <param name="trained">Which of its parameters are trained.</param>
    /// <param name="load">Loads the policy as it was before training.</param>
    public Reference(ReferenceOptions options, Policy policy, TrainedParameters trained, Func<Policy> load)
    {
        (this.options, BeforeTraining) = (options, policy);
        if (options.Kind == ReferenceKind.Precomputed && !trained.HasAdapter)
        {
            this.load = load;
            return;
        }
        if (options.Kind != ReferenceKind.Synchronised)
        {
            kept = trained.HasAdapter ? policy.WithAdapterOff() : policy.With(ModelCopy.Frozen(policy.Model));
            return;
        }
        var leaders = trained.Values();
        kept = policy.With(ModelCopy.Sharing(policy.Model, (name, _) => leaders.ContainsKey(name)));
        followed = [.. kept.Model.NamedParameters().Where(own => leaders.ContainsKey(own.Name))
            .Where(own => own.Value.IsHeld).Select(own => (own.Name, own.Value, leaders[own.Name]))];
    }

    /// <summary>Whether its log-probabilities of given responses are computed once, before training.</summary>
    public bool IsPrecomputed => options.Kind == ReferenceKind.Precomputed;

    /// <summary>The policy, which computes what the reference does until the first update.</summary>
    public Policy BeforeTraining { get; }

    /// <summary>Where log-probabilities of given responses are saved; null to keep them in memory only.</summary>
    public ReferenceFile? Saved { get; init; }

    /// <summary>The reference's policy until the lease is disposed of; loaded for that long when it is not kept in memory.</summary>
    public Lease Use() => new(kept ?? load!(), isLoaded: kept is null);

    /// <summary>Log-probabilities (B, T) of the tokens of the responses under the reference, without a gradient.</summary>
    public Tensor Logprobs(Responses responses)
    {
        using var noGrad = Autograd.NoGrad();
        using var lease = Use();
        return lease.Policy.Logprobs(responses);
    }

    /// <summary>Moves towards the policy after a step, when synchronised: π_ref ← α π + (1 − α) π_ref, weight by weight.</summary>
    public void Sync(int step)
    {
        if (step % options.SyncEvery != 0)
            return;
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        foreach (var (_, own, leader) in followed)
            own.Value.LerpInPlace(leader(), options.SyncRate);
    }

    public bool IsSharded => followed.Any(parameter => parameter.Own.Owner is not null);

    public void Save(StateWriter writer)
    {
        foreach (var (name, own, _) in followed)
            writer.Write(name, own);
    }

    public void Load(StateReader reader)
    {
        foreach (var (name, own, _) in followed)
            reader.ReadInto(name, own.Value);
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
