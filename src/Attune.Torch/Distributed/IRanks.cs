namespace Attune.Torch.Distributed;

/// <summary>
/// The processes ("ranks") that train one model together. Every rank makes the same calls in the same order; a call returns when all ranks
/// have made it. Methods throw <see cref="RankFailedException"/> when a rank has failed or does not answer in time.
/// </summary>
public interface IRanks
{
    /// <summary>This process, from 0.</summary>
    int Rank { get; }

    /// <summary>How many there are.</summary>
    int Count { get; }

    /// <summary>This process among those of its machine, from 0; also the number of its GPU.</summary>
    int LocalRank { get; }

    /// <summary>How many run on this machine and share its processors.</summary>
    int LocalCount { get; }

    /// <summary>Replaces each tensor by its sum over all ranks, with the same bits on every rank.</summary>
    /// <param name="tensors">Tensors of the same shapes on every rank.</param>
    void Sum(IReadOnlyList<Tensor> tensors);

    /// <summary>Replaces each tensor by its sum over all ranks, on one of them; on the others it has any values afterwards.</summary>
    /// <param name="tensors">Tensors of the same shapes on every rank.</param>
    /// <param name="owners">For each tensor, the rank that gets the sum.</param>
    void Sum(IReadOnlyList<Tensor> tensors, IReadOnlyList<int> owners);

    /// <summary>Replaces tensors by those of one rank.</summary>
    /// <param name="tensors">Tensors of the same shapes on every rank.</param>
    /// <param name="source">For each tensor, the rank that has it.</param>
    void Broadcast(IReadOnlyList<Tensor> tensors, IReadOnlyList<int> source);

    /// <summary>The bytes of every rank, in the order of ranks.</summary>
    IReadOnlyList<byte[]> Gather(byte[] own);

    /// <summary>The bytes of rank 0.</summary>
    /// <param name="own">Bytes; those of other ranks are not read.</param>
    byte[] FromFirst(byte[] own);
}

/// <summary>A rank has failed, or has not answered in time.</summary>
public sealed class RankFailedException(string message, Exception? inner = null) : IOException(message, inner);
