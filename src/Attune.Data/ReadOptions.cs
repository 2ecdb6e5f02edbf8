namespace Attune.Data;

/// <summary>One side of pairs.</summary>
public enum PairSide
{
    /// <summary>The better response.</summary>
    Chosen,

    /// <summary>The worse response.</summary>
    Rejected,
}

/// <summary>Which comparisons of several responses are read.</summary>
public enum PairChoice
{
    /// <summary>All of them.</summary>
    All,

    /// <summary>The first of the best responses with the first of the worst.</summary>
    BestAndWorst,
}

/// <summary>How data files are read, and for which use.</summary>
public sealed record ReadOptions
{
    /// <summary>The name of a layout's field, and the name that it has in the file.</summary>
    public IReadOnlyDictionary<string, string> Columns { get; init; } = new Dictionary<string, string>();

    /// <summary>Fields that are left out.</summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    /// <summary>The side of pairs that becomes a demonstration; null for comparisons.</summary>
    public PairSide? Side { get; init; }

    /// <summary>Which comparisons of several responses are read.</summary>
    public PairChoice Pairs { get; init; }

    /// <summary>The smallest margin of a comparison: the difference of its scores, or else its strength or margin.</summary>
    public double MinMargin { get; init; }

    /// <summary>The name of the layout; null to recognise it by the names of the fields.</summary>
    public string? Layout { get; init; }

    /// <summary>The part of a folder that is read.</summary>
    public DataSplit Split { get; init; }

    /// <summary>The most rows that <see cref="Dataset.Read"/> reads.</summary>
    public int MostRows { get; init; } = int.MaxValue;

    /// <summary>What the examples are for. A field whose meaning would be lost is an error, unless this is <see cref="DataUse.Any"/>.
    /// </summary>
    public DataUse Use { get; init; }

    /// <summary>The name of the method or command that reads, for messages.</summary>
    public string Reader { get; init; } = "this command";

    /// <summary>How messages write these options.</summary>
    public OptionSyntax Syntax { get; init; }

    /// <summary>Fields that are read in addition to those of the layout, such as those of a reward.</summary>
    public IReadOnlyList<string> AlsoRead { get; init; } = [];

    /// <summary>The names of the methods that learn from a kind of examples, for messages.</summary>
    public Func<DataUse, IReadOnlyList<string>> Methods { get; init; } = _ => [];

    /// <summary>Gets a message for each file that has fields that are not used.</summary>
    public Action<string> Notice { get; init; } = _ => { };

    /// <summary>Gets, while rows are read, how many bytes of the files were read.</summary>
    public Action<long> BytesRead { get; init; } = _ => { };

    /// <summary>Gets a message after the last row: how many rows were read, and as what.</summary>
    public Action<string> Recognised { get; init; } = _ => { };
}
