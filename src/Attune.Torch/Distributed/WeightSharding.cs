namespace Attune.Torch.Distributed;

/// <summary>A tensor that one rank holds, and that the others gather when they need it.</summary>
public interface IShard
{
    /// <summary>The tensor, which has memory on its owner only.</summary>
    Tensor Tensor { get; }

    /// <summary>The rank that holds it.</summary>
    int Owner { get; }
}

/// <summary>Neighbouring shards: the weights of a layer.</summary>
/// <param name="First">The index of the first shard.</param>
/// <param name="Count">The number of shards.</param>
public readonly record struct ShardRange(int First, int Count);

/// <summary>
/// Ranks between which weights are divided: each holds some, gathers others before it computes with them, and frees them afterwards, as in
/// ZeRO, stage 3 (Rajbhandari et al. 2020, https://arxiv.org/abs/1910.02054). Ranks may gather at any time and in any order between two
/// exchanges of <see cref="IRanks"/>, so that they need not compute the same: a rank that gathers tells all others, and each answers at its
/// own next request, or in the next exchange, which begins when no rank has a request. The requests of a rank follow from its inputs, so
/// that sums are added in the same order in every run.
/// </summary>
/// <param name="ranks">The ranks, which exchange everything.</param>
public sealed class WeightSharding(IRanks ranks) : IRanks
{
    readonly List<IShard> shards = [];

    /// <summary>The sharding of the current ranks; null where every rank holds all weights.</summary>
    public static WeightSharding? Current => Ranks.Current as WeightSharding;

    public int Rank => ranks.Rank;

    public int Count => ranks.Count;

    public int LocalRank => ranks.LocalRank;

    public int LocalCount => ranks.LocalCount;

    /// <summary>Adds shards, in the same order on all ranks.</summary>
    public ShardRange Add(IReadOnlyCollection<IShard> added)
    {
        shards.AddRange(added);
        return new(shards.Count - added.Count, added.Count);
    }

    /// <summary>Gathers weights, and frees those of other ranks when the result is disposed. Exchange nothing before that.</summary>
    public GatheredWeights Gather(ShardRange range)
    {
        if (range.Count > 0)
            ExchangeRequests(new(range, AddsGradients: false));
        return new(this, range);
    }

    /// <summary>Gathers weights, runs a backward pass, and adds the gradients of this pass to those of the weights' owners.</summary>
    public void Backward(ShardRange range, Action backward)
    {
        var trained = Trained(range).Select(shard => shard.Tensor).ToList();
        var before = trained.ConvertAll(tensor => tensor.Grad);
        trained.ForEach(tensor => tensor.Grad = null);
        using (Gather(range))
            backward();
        var gradients = trained.ConvertAll(tensor => tensor.Grad);
        foreach (var (tensor, gradient) in trained.Zip(before))
            tensor.Grad = gradient;
        if (trained.Count > 0)
            ExchangeRequests(new(range, AddsGradients: true), gradients);
    }

    public void Sum(IReadOnlyList<Tensor> tensors)
    {
        AnswerRequests();
        ranks.Sum(tensors);
    }

    public void Sum(IReadOnlyList<Tensor> tensors, IReadOnlyList<int> owners)
    {
        AnswerRequests();
        ranks.Sum(tensors, owners);
    }

    public void Broadcast(IReadOnlyList<Tensor> tensors, IReadOnlyList<int> source)
    {
        AnswerRequests();
        ranks.Broadcast(tensors, source);
    }

    public IReadOnlyList<byte[]> Gather(byte[] own)
    {
        AnswerRequests();
        return ranks.Gather(own);
    }

    public byte[] FromFirst(byte[] own)
    {
        AnswerRequests();
        return ranks.FromFirst(own);
    }

    /// <summary>Answers the requests of other ranks until all are here.</summary>
    void AnswerRequests()
    {
        while (ExchangeRequests(own: null))
        {
        }
    }

    /// <summary>Exchanges requests with all ranks, and answers them.</summary>
    /// <returns>Whether any rank had one.</returns>
    bool ExchangeRequests(Request? own, IReadOnlyList<Tensor?>? gradients = null)
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        var codes = new long[Count];
        codes[Rank] = own?.Code ?? 0;
        var all = Tensor.From(codes, Count);
        ranks.Sum([all]);
        Request[] requests = [.. all.ToArray<long>().Where(code => code != 0).Distinct().Select(Request.From)];
        foreach (var request in requests.Where(request => !request.AddsGradients))
            Broadcast(request.Range);
        foreach (var request in requests.Where(request => request.AddsGradients))
            AddGradients(request.Range, request == own ? gradients : null);
        var kept = own is { AddsGradients: false } ? In(own.Range).Select(shard => shard.Tensor).ToHashSet() : [];
        foreach (var request in requests.Where(request => !request.AddsGradients))
            Free(request.Range, kept);
        return requests.Length > 0;
    }

    void Broadcast(ShardRange range)
    {
        var sent = In(range);
        foreach (var shard in sent)
            shard.Tensor.AllocateStorage();
        ranks.Broadcast([.. sent.Select(shard => shard.Tensor.Detach())], [.. sent.Select(shard => shard.Owner)]);
    }

    /// <param name="range">The weights.</param>
    /// <param name="gradients">The gradients of this rank; null where it has none.</param>
    void AddGradients(ShardRange range, IReadOnlyList<Tensor?>? gradients)
    {
        var trained = Trained(range);
        Tensor[] sums = [.. trained.Select((shard, at) => gradients?[at] ?? ZerosLike(shard.Tensor))];
        ranks.Sum(sums, [.. trained.Select(shard => shard.Owner)]);
        foreach (var (shard, sum) in trained.Zip(sums).Where(pair => pair.First.Owner == Rank))
            if (shard.Tensor.Grad is { } accumulated)
                accumulated.AddInPlace(sum);
            else
                shard.Tensor.Grad = sum;
    }

    /// <summary>Frees the weights of other ranks.</summary>
    internal void Free(ShardRange range, IReadOnlySet<Tensor>? kept = null)
    {
        foreach (var shard in In(range).Where(shard => shard.Owner != Rank && kept?.Contains(shard.Tensor) != true))
            shard.Tensor.FreeStorage();
    }

    List<IShard> In(ShardRange range) => shards.GetRange(range.First, range.Count);

    List<IShard> Trained(ShardRange range) => In(range).FindAll(shard => shard.Tensor.RequiresGrad);

    static Tensor ZerosLike(Tensor tensor) => Tensor.Zeros(tensor.Shape.ToArray(), tensor.DType, tensor.Device);

    sealed record Request(ShardRange Range, bool AddsGradients)
    {
        /// <summary>The request as a number, never 0.</summary>
        public long Code => ((long)Range.First << 32) + ((long)Range.Count << 1) + (AddsGradients ? 1 : 0);

        public static Request From(long code) => new(new((int)(code >> 32), (int)(uint)code >> 1), (code & 1) == 1);
    }
}

/// <summary>Weights in memory until they are freed.</summary>
public readonly struct GatheredWeights(WeightSharding? sharding, ShardRange range) : IDisposable
{
    public void Dispose() => sharding?.Free(range);
}
