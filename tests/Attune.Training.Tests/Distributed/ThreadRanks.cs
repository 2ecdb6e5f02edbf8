using System.Runtime.ExceptionServices;
using Attune.Torch;
using Attune.Torch.Distributed;

namespace Attune.Training.Tests.Distributed;

/// <summary>Ranks that are threads of this process.</summary>
sealed class ThreadRanks : IRanks
{
    static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(2);

    readonly ThreadRanks[] all;
    readonly Barrier meeting;
    object? shared;

    ThreadRanks(ThreadRanks[] all, Barrier barrier, int rank) => (this.all, meeting, Rank) = (all, barrier, rank);

    public int Rank { get; }

    public int Count => all.Length;

    public int LocalRank => Rank;

    public int LocalCount => Count;

    /// <summary>Elements that this rank has added to sums.</summary>
    public long SummedElements { get; private set; }

    /// <summary>Messages that this rank has sent to all others.</summary>
    public int Messages { get; private set; }

    /// <summary>Calls a function on every rank.</summary>
    /// <exception cref="Exception">The first failure that is not the end of another rank.</exception>
    /// <returns>The results of all ranks.</returns>
    public static TResult[] Run<TResult>(int count, Func<ThreadRanks, TResult> body)
    {
        using var barrier = new Barrier(count);
        var (all, results, failures) = (new ThreadRanks[count], new TResult[count], new Exception?[count]);
        Thread[] threads = [.. Enumerable.Range(0, count).Select(rank => new Thread(() =>
        {
            using var ranks = Ranks.Use(all[rank]);
            try
            {
                results[rank] = body(all[rank]);
            }
            catch (Exception error)
            {
                failures[rank] = error;
            }
        }))];
        for (var rank = 0; rank < count; rank++)
            all[rank] = new(all, barrier, rank);
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        if (failures.OfType<Exception>().OrderBy(error => error is RankFailedException).FirstOrDefault() is { } failure)
            ExceptionDispatchInfo.Throw(failure);
        return results;
    }

    public void Sum(IReadOnlyList<Tensor> tensors)
    {
        using var scope = TensorScope.Open();
        using var noGrad = Autograd.NoGrad();
        SummedElements += tensors.Sum(tensor => tensor.ElementCount);
        Tensor[] sums = [.. Share(tensors, others => tensors.Select((_, at) =>
            others.Select(other => other[at].Detach()).Aggregate((sum, next) => sum + next)).ToArray())];
        foreach (var (tensor, sum) in tensors.Zip(sums))
            tensor.Detach().CopyInPlace(sum);
    }

    public void Sum(IReadOnlyList<Tensor> tensors, IReadOnlyList<int> owners)
    {
        Sum(tensors);
        foreach (var (tensor, owner) in tensors.Zip(owners).Where(pair => pair.Second != Rank))
            tensor.Detach().MultiplyInPlace(double.NaN);
    }

    public void Broadcast(IReadOnlyList<Tensor> tensors, IReadOnlyList<int> source)
    {
        using var scope = TensorScope.Open();
        using var noGrad = Autograd.NoGrad();
        var sent = Share(tensors, others => tensors.Select((_, at) => others[source[at]][at].Detach().Clone()).ToArray());
        foreach (var (tensor, value) in tensors.Zip(sent))
            tensor.Detach().CopyInPlace(value);
    }

    public IReadOnlyList<byte[]> Gather(byte[] own)
    {
        Messages++;
        return Share(own, others => others);
    }

    public byte[] FromFirst(byte[] own) => Share(own, others => others[0]);

    /// <summary>Reads what all ranks share at the same time.</summary>
    TResult Share<T, TResult>(T own, Func<IReadOnlyList<T>, TResult> read)
    {
        shared = own;
        Wait();
        var result = read([.. all.Select(rank => (T)rank.shared!)]);
        Wait();
        return result;
    }

    void Wait()
    {
        if (!meeting.SignalAndWait(LongestWait))
            throw new RankFailedException($"rank {Rank}: another rank does not answer");
    }
}
