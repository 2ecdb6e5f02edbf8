using Attune.Models;
using Attune.Torch;

namespace Attune.Generation.Scheduling;

/// <summary>The responses that are generated now, and their rows in the model.</summary>
sealed class RunningBatch(LanguageModel model, int padId, IReadOnlyList<int> eosIds) : IDisposable
{
    readonly List<(DecoderState State, List<TokenStream> Rows)> parts = [];
    readonly SamplingGroups groups = new(model, eosIds);

    public int Count => parts.Sum(part => part.Rows.Count);

    /// <summary>The rows times the length that the longest of them may reach: the size of the KV cache.</summary>
    public long CacheTokensWith(TokenStream[] more) =>
        (Count + more.Length) * parts.SelectMany(part => part.Rows).Concat(more).Max(row => row.MaxLength);

    /// <summary>Reads the prompts of requests, and adds a row for each of their responses.</summary>
    public void Add(IReadOnlyList<TokenStream[]> requests)
    {
        foreach (var streams in requests)
        {
            var state = new DecoderState(model, [streams[0].Request.Prompt], padId, streams[0].MaxLength);
            if (streams.Length > 1)
                state.Select(new long[streams.Length]);
            parts.Add((state, [.. streams]));
        }
    }

    /// <summary>Samples a token for each row, and reads it where the response continues.</summary>
    public void Step()
    {
        using var scope = TensorScope.Open();
        TokenStream[] rows = [.. parts.SelectMany(part => part.Rows)];
        var logits = Tensor.Concatenate(0, [.. parts.Select(part => part.State.Logits())]);
        var hidden = Tensor.Concatenate(0, [.. parts.Select(part => part.State.Hidden)]);
        var tokens = groups.Sample(rows, logits, hidden);
        var first = 0;
        foreach (var (state, own) in parts.ToArray())
        {
            long[] live = [.. Enumerable.Range(0, own.Count).Where(row => !own[row].HasEnded).Select(row => (long)row)];
            var count = own.Count;
            if (live.Length == 0)
            {
                state.Dispose();
                parts.Remove((state, own));
            }
            else
            {
                if (live.Length < count)
                    state.Select(live);
                state.Read(tokens.IndexSelect(0, Tensor.From(Array.ConvertAll(live, row => row + first), live.Length)));
                own.RemoveAll(row => row.HasEnded);
            }
            first += count;
        }
    }

    /// <summary>Ends all responses with an error.</summary>
    public void Fail(Exception error)
    {
        foreach (var row in parts.SelectMany(part => part.Rows))
            row.Fail(error);
        Clear();
    }

    public void Dispose()
    {
        Clear();
        groups.Dispose();
    }

    void Clear()
    {
        foreach (var (state, _) in parts)
            state.Dispose();
        parts.Clear();
    }
}
