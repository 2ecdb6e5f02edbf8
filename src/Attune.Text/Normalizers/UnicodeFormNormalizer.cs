using System.Text;

namespace Attune.Text;

/// <summary>
/// One of the Unicode normalization forms (UAX #15). A character counts as coming from the first of those that it is composed
/// of, as in the library; where marks change places, it goes by the order in which they come out, again as the library does.
/// </summary>
sealed class UnicodeFormNormalizer(NormalizationForm form) : INormalizer
{
    readonly record struct Change(Rune Rune, int Replaced);       // it takes the place of so many old characters: 0, 1 or more

    const int StretchLength = 256;

    readonly bool composes = form is NormalizationForm.FormC or NormalizationForm.FormKC;
    readonly NormalizationForm decomposition =
        form is NormalizationForm.FormC or NormalizationForm.FormD ? NormalizationForm.FormD : NormalizationForm.FormKD;

    public static UnicodeFormNormalizer Read(JsonField field, NormalizationForm form) => CombiningMarks.Available
        ? new(form)
        : throw field.Invalid("normalization needs ICU, and this process runs without it; install libicu, and unset "
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

    /// <summary>Goes stretch by stretch, each of which begins with a character that nothing before it can join.</summary>
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
        var starts = new List<int>();                              // where each old character begins
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

    /// <summary>Every run of marks sorted by class, equal classes in their old order (the canonical ordering algorithm).</summary>
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

    /// <summary>The canonical composition algorithm: a mark joins the last starter, unless one of no lower class stands between.</summary>
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
