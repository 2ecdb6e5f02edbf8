using System.Text.Json;

namespace Attune.Text;

/// <summary>A merge of two adjacent tokens: its rank in the list, where lower ranks are merged first, and the merged token.</summary>
readonly record struct Merge(int Rank, int Id);

/// <summary>The merges of a BPE model, by their pairs of tokens.</summary>
sealed class MergeTable
{
    readonly Dictionary<ulong, Merge> merges = [];

    /// <summary>Reads a list of pairs, each <c>["a", "b"]</c> or, in older files, <c>"a b"</c>.</summary>
    public static MergeTable Read(JsonField field, Vocabulary vocabulary, string prefix)
    {
        var table = new MergeTable();
        var rank = 0;
        foreach (var item in field.Items())
        {
            if (item.Value.ValueKind == JsonValueKind.String && item.Text().StartsWith("#version", StringComparison.Ordinal))
                continue;
            var (left, right) = Pair(item);
            if (!right.StartsWith(prefix, StringComparison.Ordinal))
                throw item.Invalid($"'{right}' does not begin with the continuing_subword_prefix '{prefix}'");
            table.merges[Key(Id(left), Id(right))] = new(rank++, Id(left + right[prefix.Length..]));

            int Id(string token) => vocabulary[token] ?? throw item.Invalid($"the token '{token}' is not in the vocabulary");
        }
        return table;
    }

    static (string Left, string Right) Pair(JsonField item)
    {
        string[] parts = item.Value.ValueKind == JsonValueKind.Array
            ? [.. item.Items().Select(part => part.Text())]
            : item.Text().Split(' ');
        return parts.Length == 2 ? (parts[0], parts[1]) : throw item.Wrong("two tokens, as [\"a\", \"b\"] or \"a b\"");
    }

    public bool TryGet(int left, int right, out Merge merge) => merges.TryGetValue(Key(left, right), out merge);

    /// <summary>
    /// One number for each pair. The odd factor spreads hashes: that of left · 2³² + right would be left ^ right.
    /// </summary>
    static ulong Key(int left, int right) => (((ulong)(uint)left << 32) | (uint)right) * 0x9E3779B97F4A7C15;
}
