namespace Attune.Text;

/// <summary>
/// Partitions Unicode into classes such that every one of some sets is a union of classes. Each class is represented by a letter of the
/// private use area.
/// </summary>
sealed class PrivateAlphabet
{
    public const char First = '\uE000';
    public const int Size = 0xF900 - First;

    readonly int[] edges;
    readonly char[] letters;                                       // letters[i] represents the code points from edges[i − 1] to edges[i]
    readonly char[] plane0;
    readonly string[] members;

    public PrivateAlphabet(IReadOnlyList<CodePointSet> sets)
    {
        edges = [.. sets.SelectMany(set => set.Edges).Distinct().Order()];
        var classes = new Dictionary<string, char>();              // the sets with this class, as a string of 0 and 1 → its letter
        letters = [.. edges.Prepend(0).Select(codePoint => LetterOfClass(classes, MemberOf(sets, codePoint)))];
        members = [.. sets.Select((_, i) => string.Concat(classes.Where(entry => entry.Key[i] == '1').Select(entry => entry.Value)))];
        plane0 = [.. Enumerable.Range(0, 0x10000).Select(Find)];
    }

    /// <summary>The letters of the n-th set.</summary>
    public string Members(int set) => members[set];

    public char LetterOf(int codePoint) => codePoint < plane0.Length ? plane0[codePoint] : Find(codePoint);

    char Find(int codePoint)
    {
        var index = Array.BinarySearch(edges, codePoint);
        return letters[index >= 0 ? index + 1 : ~index];
    }

    static string MemberOf(IReadOnlyList<CodePointSet> sets, int codePoint) =>
        string.Concat(sets.Select(set => set.Contains(codePoint) ? '1' : '0'));

    static char LetterOfClass(Dictionary<string, char> classes, string membership)
    {
        if (!classes.TryGetValue(membership, out var letter))
            classes[membership] = letter = classes.Count < Size
                ? (char)(First + classes.Count)
                : throw new InvalidDataException("the regular expression has too many distinct sets of characters");
        return letter;
    }
}
