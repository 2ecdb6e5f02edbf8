using System.Text;

namespace Attune.Text;

/// <summary>
/// A Unicode normalization form (UAX #15). A composed character has the offsets of its first part; reordered marks have offsets in the
/// order in which they are written. Both are as in Hugging Face's tokenizers.
/// </summary>
sealed class UnicodeFormNormalizer(NormalizationForm form) : INormalizer
{
    readonly record struct Change(Rune Rune, int Replaced);       // number of old characters that it replaces

    const int StretchLength = 256;

    readonly bool composes = form is NormalizationForm.FormC or NormalizationForm.FormKC;
    readonly NormalizationForm decomposition =
        form is NormalizationForm.FormC or NormalizationForm.FormD ? NormalizationForm.FormD : NormalizationForm.FormKD;

    public static UnicodeFormNormalizer Read(JsonField field, NormalizationForm form) => CombiningMarks.Available
        ? new(form)
        : throw field.Invalid("normalization needs ICU, which this process does not have; install libicu, and unset "
            + "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT");

    public void Normalize(Draft draft)
    {
        foreach (var piece in draft.Pieces)
        {
            if (!piece.IsToken && !CombiningMarks.IsNormalized(draft[piece], form))
            {
                draft.Rewrite(Rewrite);
                return;
            }
        }
    }

    /// <summary>Normalizes segments that start with a character which nothing before it can join.</summary>
    void Rewrite(ReadOnlySpan<char> piece, DraftWriter output)
    {
        for (var (start, end) = (0, 0); start < piece.Length; start = end)
        {
            end = Math.Min(start + StretchLength, piece.Length);
            while (end < piece.Length && piece[end] >= CombiningMarks.FirstMark)
                end++;
            if (CombiningMarks.IsNormalized(piece[start..end], form))
                output.Copy(piece[start..end], start);
            else
                Rewrite(piece[start..end], start, output);
        }
    }

    void Rewrite(ReadOnlySpan<char> stretch, int start, DraftWriter output)
    {
        var starts = new List<int>();                              // start of each old character
        var changes = Decompose(stretch, start, starts);
        var old = 0;
        foreach (var (rune, replaced) in composes ? Compose(changes) : changes)
        {
            output.Append(rune, replaced > 0 ? starts[old] : old > 0 ? starts[old - 1] : -1);
            old += replaced;
        }
    }

    List<Change> Decompose(ReadOnlySpan<char> stretch, int at, List<int> starts)
    {
        var changes = new List<Change>();
        foreach (var rune in stretch.EnumerateRunes())
        {
            starts.Add(at);
            at += rune.Utf16SequenceLength;
            var replaced = 1;
            foreach (var part in CombiningMarks.Decompose(rune, decomposition))
            {
                changes.Add(new(part, replaced));
                replaced = 0;
            }
        }
        return Ordered(changes);
    }

    /// <summary>Sorts every run of marks by class, stably (the canonical ordering algorithm).</summary>
    static List<Change> Ordered(List<Change> changes)
    {
        var result = new List<Change>(changes.Count);
        for (var start = 0; start < changes.Count;)
        {
            var end = start + 1;
            while (end < changes.Count && CombiningMarks.ClassOf(changes[end].Rune) > 0)
                end++;
            var first = CombiningMarks.ClassOf(changes[start].Rune) > 0 ? start : start + 1;
            result.AddRange(changes[start..first]);
            result.AddRange(changes[first..end].OrderBy(change => CombiningMarks.ClassOf(change.Rune)));
            start = end;
        }
        return result;
    }

    /// <summary>
    /// The canonical composition algorithm: joins a mark with the last starter, unless a mark of the same or a higher class is between.
    /// </summary>
    static List<Change> Compose(List<Change> changes)
    {
        var result = new List<Change>(changes.Count);
        var (starter, lastClass) = (-1, 0);
        foreach (var change in changes)
        {
            var markClass = CombiningMarks.ClassOf(change.Rune);
            var blocked = starter < 0 || (starter < result.Count - 1 && lastClass >= markClass);
            if (!blocked && CombiningMarks.Compose(result[starter].Rune, change.Rune) is { } composed)
            {
                result[starter] = new(composed, result[starter].Replaced + change.Replaced);
                continue;
            }
            if (markClass == 0)
                starter = result.Count;
            lastClass = markClass;
            result.Add(change);
        }
        return result;
    }
}
