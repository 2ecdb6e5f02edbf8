namespace Attune.Text;

/// <summary>A set of strings, each with a number, that is searched one UTF-16 unit at a time.</summary>
sealed class Trie
{
    public const int Root = 0;
    public const int None = -1;

    readonly Dictionary<ulong, int> children = [];
    readonly List<int> values = [None];

    /// <summary>Adds a string; of equal strings the first is kept.</summary>
    public void Add(string text, int value)
    {
        var node = Root;
        foreach (var unit in text)
        {
            if (!children.TryGetValue(Key(node, unit), out var child))
            {
                child = children[Key(node, unit)] = values.Count;
                values.Add(None);
            }
            node = child;
        }
        if (values[node] == None)
            values[node] = value;
    }

    /// <summary>Moves to the child for this unit; returns false, and invalidates the node, if there is none.</summary>
    public bool Step(ref int node, char unit) => children.TryGetValue(Key(node, unit), out node);

    /// <summary>The number of the string that ends at a node, or <see cref="None"/>.</summary>
    public int this[int node] => values[node];

    static ulong Key(int node, char unit) => ((ulong)(uint)node << 16) | unit;
}
