using System.Runtime.InteropServices;

namespace Attune.Text;

/// <summary>How often each word occurs in the texts, words being what the pre-tokenizer makes of them.</summary>
sealed class WordCounts
{
    readonly Dictionary<string, long> counts = [];

    public IReadOnlyDictionary<string, long> All => counts;

    public void Add(string text, IPreTokenizer preTokenizer)
    {
        var words = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        var draft = new Draft(Draft.WellFormed(text), aligned: false);
        preTokenizer.Apply(draft);
        foreach (var piece in draft.Pieces)
            CollectionsMarshal.GetValueRefOrAddDefault(words, draft[piece], out _)++;
    }
}
