using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Policies;

namespace Attune.Training.OnPolicy;

/// <summary>What the means of an update's loss are taken over, however it is split into micro-batches.</summary>
/// <param name="Tokens">Tokens in the loss.</param>
/// <param name="Responses">Responses.</param>
public readonly record struct UpdateSize(double Tokens, int Responses);

/// <summary>Rollouts with the advantages and returns that an algorithm estimated.</summary>
/// <param name="Rollouts">The responses.</param>
/// <param name="Advantages">(B, T): how much better a token was than expected.</param>
/// <param name="Returns">(B, T): the targets of the values; null without a critic.</param>
public sealed record Experience(Rollouts Rollouts, Tensor Advantages, Tensor? Returns = null)
{
    /// <summary>(B, T): the tokens in the loss, by default all of the responses.</summary>
    public Tensor Mask { get; init; } = Rollouts.Mask;

    /// <summary>(B, T): the tokens whose policy loss counts, where these are fewer; they do not change <see cref="Size"/>.</summary>
    public Tensor? PolicyMask { get; init; }

    /// <summary>(B, T): the tokens whose log-ratio is penalised (KL-Cov); null for none.</summary>
    public Tensor? PenaltyMask { get; init; }

    /// <summary>What the loss of an update on these rows is the mean of.</summary>
    public UpdateSize Size => new(Mask.To(DType.Float32).Sum().Item(), Rollouts.Count);

    /// <summary>These rows, as wide as the longest of them.</summary>
    public Experience Select(int[] rows)
    {
        var rollouts = Rollouts.Select(rows);
        var index = TensorBatch.Longs(Array.ConvertAll(rows, row => (long)row), Advantages.Device);
        return new(rollouts, Pick(Advantages), Returns is null ? null : Pick(Returns))
        {
            Mask = Pick(Mask),
            PolicyMask = PolicyMask is null ? null : Pick(PolicyMask),
            PenaltyMask = PenaltyMask is null ? null : Pick(PenaltyMask),
        };

        Tensor Pick(Tensor tensor) => tensor.IndexSelect(0, index).Slice(1, 0, rollouts.Mask.Size(1));
    }
}
