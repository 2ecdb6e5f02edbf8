using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Attune.Generation;
using Attune.Text;
using Attune.Torch;

namespace Attune;

/// <summary>
/// Allows only tokens with which a response becomes a JSON object, and its end only after the object (constrained decoding; Willard and
/// Louf 2023, https://arxiv.org/abs/2307.09702).
/// </summary>
sealed class JsonFilter : ILogitsFilter
{
    const int MostMasks = 4096;

    readonly string?[] texts;                                      // of each token; null for one that is never allowed
    readonly IReadOnlyList<int> eosIds;
    readonly ConcurrentDictionary<JsonPrefix, bool[]> masks = [];  // what is forbidden after a prefix
    readonly ConditionalWeakTable<TokenHistory, Progress> rows = [];

    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="vocabulary">Ids of the model.</param>
    /// <param name="eosIds">Tokens that end a response.</param>
    public JsonFilter(Tokenizer tokenizer, int vocabulary, IReadOnlyList<int> eosIds)
    {
        this.eosIds = eosIds;
        // A token's text in the middle of others: some decoders drop a space in front of the first one.
        int[] before = [tokenizer.Encode("a")[0]];
        var length = tokenizer.Decode(before).Length;
        texts = [.. Enumerable.Range(0, vocabulary).Select(id =>
            tokenizer.IdToToken(id) is null || tokenizer.IsSpecial(id) || eosIds.Contains(id) ? null
            : tokenizer.Decode([.. before, id])[length..] is { Length: > 0 } text ? text : null)];
    }

    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        var forbidden = new bool[context.Rows.Count * texts.Length];
        foreach (var (row, history) in context.Rows.Index())
            MaskAfter(PrefixOf(history)).CopyTo(forbidden.AsSpan(row * texts.Length));
        return logits.MaskedFill(Tensor.From(forbidden, context.Rows.Count, texts.Length).To(logits.Device), double.NegativeInfinity);
    }

    /// <exception cref="InvalidOperationException">The row has a text that no JSON object begins with.</exception>
    JsonPrefix PrefixOf(TokenHistory history)
    {
        var progress = rows.GetOrCreateValue(history);
        foreach (var token in history.Response.Skip(progress.Tokens))
        {
            progress.Prefix = progress.Prefix.Add(texts[token] ?? "") ?? throw new InvalidOperationException("the response is no JSON");
            progress.Tokens++;
        }
        return progress.Prefix;
    }

    bool[] MaskAfter(JsonPrefix prefix)
    {
        if (masks.TryGetValue(prefix, out var known))
            return known;
        if (masks.Count >= MostMasks)
            masks.Clear();
        var mask = Array.ConvertAll(texts, text => text is null || prefix.Add(text) is null);
        foreach (var eos in eosIds)
            mask[eos] = !prefix.IsWhole;
        return masks[prefix] = mask.Contains(false)
            ? mask
            : throw new InvalidOperationException("the tokenizer has no token with which the JSON can continue");
    }

    sealed class Progress
    {
        public JsonPrefix Prefix { get; set; } = JsonPrefix.Empty;

        public int Tokens { get; set; }
    }
}
