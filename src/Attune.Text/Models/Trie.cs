namespace Attune.Text;

/// <summary>A set of texts, each with a number, read from their beginnings one UTF-16 unit at a time.</summary>
sealed class Trie
{
    public const int Root = 0;
    public const int None = -1;

    readonly Dictionary<ulong, int> children = [];
    readonly List<int> values = [None];

    /// <summary>Adds a text; of equal texts the first counts.</summary>
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

    /// <summary>Goes on to what follows with this unit; false, and the node is lost, when no text goes on so.</summary>
    public bool Step(ref int node, char unit) => children.TryGetValue(Key(node, unit), out node);

    /// <summary>The number of the text that ends at a node, or <see cref="None"/>.</summary>
    public int this[int node] => values[node];

    static ulong Key(int node, char unit) => ((ulong)(uint)node << 16) | unit;
}
