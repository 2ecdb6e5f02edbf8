using Attune.Models;
using Attune.Torch;

namespace Attune.Generation.Scheduling;

/// <summary>
/// The responses that are generated now, and their rows in the model. A row that has ended keeps its place until another one takes it, or
/// until half of the rows have ended.
/// </summary>
sealed class RunningBatch(LanguageModel model, int padId) : IDisposable
{
    /// <summary>Fewer shared tokens are read again, together with other prompts.</summary>
    const int LeastShared = 16;

    readonly List<Part> parts = [];                                // one, unless rows of the model cannot join others
    readonly SamplingGroups groups = new(model);

    /// <summary>Responses that have not ended.</summary>
    public int Count => parts.Sum(part => part.Rows.Count(row => !row.HasEnded));

    /// <summary>The rows times the length that the longest of them may reach: the size of the KV cache with more rows.</summary>
    public long CacheTokensWith(IReadOnlyCollection<TokenStream> more) =>
        (Count + more.Count) * parts.SelectMany(part => part.Rows).Where(row => !row.HasEnded).Concat(more)
            .Select(row => (long)row.MaxLength).DefaultIfEmpty().Max();

    /// <summary>
    /// Reads the prompts of requests, and adds a row for each of their responses. A prompt that several of them have is read once, and so
    /// is a long beginning that it shares with another prompt of them, or with a row that has not ended.
    /// </summary>
    public void Add(IReadOnlyList<TokenStream[]> requests)
    {
        var (whole, continued) = (new List<TokenStream[]>(), new List<TokenStream[]>());
        foreach (var streams in requests)
            (SharesBeginning(streams[0].Request.Prompt, whole) ? continued : whole).Add(streams);
        if (whole.Count > 0)
            Join(Read([.. whole.SelectMany(streams => streams)]), [.. whole.SelectMany(streams => streams)]);
        foreach (var streams in continued)
            Join(Continue(streams), streams);
    }

    void Join(DecoderState state, TokenStream[] rows)
    {
        if (parts is [var first, ..] && Array.TrueForAll(first.Rows, row => row.HasEnded))
            Remove(first);
        if (!state.CanJoin || parts.Count == 0)
        {
            parts.Add(new(state, rows));
            return;
        }
        using (state)
            parts[0].Join(state, rows);
    }

    bool SharesBeginning(int[] prompt, List<TokenStream[]> others) => model.Backbone.StartToken is null
        && (others.Exists(other => !other[0].Request.Prompt.AsSpan().SequenceEqual(prompt)
                && IsWorthwhile(Shared(prompt, other[0].Request.Prompt), prompt))
            || (parts.Count > 0 && parts[0].State.CanJoin && IsWorthwhile(Longest(prompt).Shared, prompt)));

    static bool IsWorthwhile(int shared, int[] prompt) => shared >= LeastShared && shared >= prompt.Length / 2;

    /// <summary>The row that shares the longest beginning with a prompt.</summary>
    (int Row, int Shared) Longest(int[] prompt) => parts[0].Rows.Index().Where(row => !row.Item.HasEnded)
        .Select(row => (Row: row.Index, Shared: Shared(prompt, row.Item.History.Text)))
        .DefaultIfEmpty((Row: 0, Shared: 0)).MaxBy(row => row.Shared);

    /// <summary>How many tokens are the same; the last token of each is not counted, as it must be read, or was not read yet.</summary>
    static int Shared(int[] prompt, IReadOnlyList<int> text)
    {
        var most = Math.Min(prompt.Length, text.Count) - 1;
        var shared = 0;
        while (shared < most && prompt[shared] == text[shared])
            shared++;
        return shared;
    }

    DecoderState Continue(TokenStream[] streams)
    {
        var prompt = streams[0].Request.Prompt;
        if (parts.Count == 0 || !parts[0].State.CanJoin || Longest(prompt) is not { Shared: > 0 } longest)
            return Read(streams);
        var state = parts[0].State.Continue(longest.Row, longest.Shared, prompt, streams.Max(row => row.Remaining));
        foreach (var stream in streams)
            stream.SharedTokens = longest.Shared;
        if (streams.Length > 1)
            state.Select(new long[streams.Length]);
        return state;
    }

    /// <summary>Samples a token for each row, and reads it.</summary>
    public void Step()
    {
        foreach (var part in parts.ToArray())
        {
            using var scope = TensorScope.Open();
            var tokens = groups.Sample(part.Rows, part.State.Logits(), part.State.Hidden);
            if (part.Rows.All(row => row.HasEnded))
                Remove(part);
            else
                part.Read(tokens);
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

    DecoderState Read(TokenStream[] rows)
    {
        var prompts = new List<int[]>();
        var promptOfRow = new long[rows.Length];
        foreach (var (at, row) in rows.Index())
        {
            promptOfRow[at] = prompts.FindIndex(prompt => prompt.AsSpan().SequenceEqual(row.Request.Prompt));
            if (promptOfRow[at] >= 0)
                continue;
            promptOfRow[at] = prompts.Count;
            prompts.Add(row.Request.Prompt);
        }
        var state = new DecoderState(model, [.. prompts], padId, rows.Max(row => row.Remaining));
        if (prompts.Count < rows.Length)
            state.Select(promptOfRow);
        return state;
    }

    void Remove(Part part)
    {
        part.State.Dispose();
        parts.Remove(part);
    }

    void Clear()
    {
        foreach (var part in parts)
            part.State.Dispose();
        parts.Clear();
    }

    /// <summary>Rows that are computed together.</summary>
    sealed class Part(DecoderState state, TokenStream[] rows)
    {
        public DecoderState State => state;

        public TokenStream[] Rows { get; private set; } = rows;

        /// <summary>Adds the rows of another state: in the places of rows that have ended, if there are enough.</summary>
        public void Join(DecoderState other, TokenStream[] joining)
        {
            var ended = Places(ended: true);
            var free = ended[..Math.Min(ended.Length, joining.Length)];
            var tokens = Rows.Where(row => !row.HasEnded).Concat(joining).Max(row => row.Remaining);
            if (free.Length == joining.Length)
            {
                state.Put(free, other, tokens, ended);
                foreach (var (place, row) in free.Zip(joining))
                    Rows[place] = row;
                return;
            }
            Keep(Places(ended: false) is { Length: > 0 } live ? live : [0]);           // at least one; all may be cancelled meanwhile
            state.Join(other, tokens);
            Rows = [.. Rows, .. joining];
        }

        /// <summary>Reads a token (B) of each row, without the ended rows if these are half of them.</summary>
        public void Read(Tensor tokens)
        {
            long[] live = Places(ended: false);
            if (live.Length > 0 && live.Length <= Rows.Length / 2)
            {
                Keep(live);
                tokens = tokens.IndexSelect(0, Tensor.From(live, live.Length).To(tokens.Device));
            }
            state.Read(tokens);
        }

        long[] Places(bool ended) =>
            [.. Enumerable.Range(0, Rows.Length).Where(row => Rows[row].HasEnded == ended).Select(row => (long)row)];

        void Keep(long[] places)
        {
            if (places.Length == Rows.Length)
                return;
            state.Select(places);
            Rows = Array.ConvertAll(places, place => Rows[place]);
        }
    }
}
