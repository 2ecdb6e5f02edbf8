using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Attune.Generation;
using Attune.Text;
using Attune.Torch;

namespace Attune;

/// <summary>
/// Allows only tokens with which a response becomes a text of a grammar, and its end only after the whole text (constrained decoding;
/// Willard and Louf 2023, https://arxiv.org/abs/2307.09702). Several threads may call it.
/// </summary>
/// <param name="grammar">The grammar.</param>
/// <param name="texts">The text of each token; null for one that is never allowed.</param>
/// <param name="eosIds">Tokens that end a response.</param>
sealed class GrammarFilter(Grammar grammar, string?[] texts, IReadOnlyList<int> eosIds) : ILogitsFilter
{
    const int MostBytes = 64 << 20;

    readonly ConcurrentDictionary<Grammar, bool[]> masks = [];     // what is forbidden before a rest
    readonly ConditionalWeakTable<TokenHistory, Progress> rows = [];

    /// <summary>The texts of a tokenizer's tokens in the middle of others. Special tokens are allowed only if they are markers.</summary>
    public static string?[] Texts(Tokenizer tokenizer, int vocabulary, IReadOnlyList<int> eosIds, IReadOnlyList<string> markers)
    {
        // Some decoders drop a space in front of the first token.
        int[] before = [tokenizer.Encode("a")[0]];
        var length = tokenizer.Decode(before).Length;
        return [.. Enumerable.Range(0, vocabulary).Select(TextOf)];

        string? TextOf(int id) => tokenizer.IdToToken(id) is not { } token || eosIds.Contains(id) ? null
            : tokenizer.IsSpecial(id) ? markers.Contains(token) ? token : null
            : tokenizer.Decode([.. before, id])[length..] is { Length: > 0 } text ? text : null;
    }

    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        var forbidden = new bool[context.Rows.Count * texts.Length];
        foreach (var (row, history) in context.Rows.Index())
            MaskBefore(RestOf(history)).CopyTo(forbidden.AsSpan(row * texts.Length));
        return logits.MaskedFill(Tensor.From(forbidden, context.Rows.Count, texts.Length).To(logits.Device), double.NegativeInfinity);
    }

    /// <exception cref="InvalidOperationException">The row has a text that the grammar does not allow.</exception>
    Grammar RestOf(TokenHistory history)
    {
        var progress = rows.GetValue(history, _ => new(grammar));
        foreach (var token in history.Response.Skip(progress.Tokens))
        {
            progress.Rest = progress.Rest.After(texts[token] ?? "");
            progress.Tokens++;
        }
        return progress.Rest != Grammar.None
            ? progress.Rest
            : throw new InvalidOperationException("the response does not follow the grammar");
    }

    bool[] MaskBefore(Grammar rest)
    {
        if (masks.TryGetValue(rest, out var known))
            return known;
        if (masks.Count > MostBytes / texts.Length)
            masks.Clear();
        var firsts = new Dictionary<char, Grammar>();
        var mask = Array.ConvertAll(texts, IsForbidden);
        foreach (var eos in eosIds)
            mask[eos] = !rest.IsWhole;
        return masks[rest] = mask.Contains(false)
            ? mask
            : throw new InvalidOperationException("the tokenizer has no token with which the text can continue as the grammar demands");

        bool IsForbidden(string? text)
        {
            if (text is null)
                return true;
            if (!firsts.TryGetValue(text[0], out var first))
                firsts[text[0]] = first = rest.After(text[0]);
            return first == Grammar.None || first.After(text[1..]) == Grammar.None;
        }
    }

    sealed class Progress(Grammar rest)
    {
        public Grammar Rest { get; set; } = rest;

        public int Tokens { get; set; }
    }
}
