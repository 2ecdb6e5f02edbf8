using System.Collections.ObjectModel;
using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Training.Options;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Training data and held-out data.</summary>
public sealed record DataOptions
{
    /// <summary>The training data: a file or a folder of them; docs/data.md lists the formats and layouts.</summary>
    [Required(ErrorMessage = "must name a file or a folder")]
    [ExistingPath]
    public string Train { get; init; } = "";

    /// <summary>The held-out data, for evaluation; empty to hold out a share of the training data.</summary>
    [ExistingPath]
    public string HeldOut { get; init; } = "";

    /// <summary>The share of the training data that is held out when heldOut is empty.</summary>
    [Range(0d, 1d, MaximumIsExclusive = true)]
    public double HeldOutShare { get; init; } = 0.05;

    /// <summary>
    /// Which field of the files is which field of a layout, such as {prompt: question, completion: solution}; empty where they have the
    /// same names.
    /// </summary>
    public IReadOnlyDictionary<string, string> Columns { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>The side of comparisons that sft and pretrain learn from: chosen or rejected; null for other data.</summary>
    public PairSide? Side { get; init; }

    /// <summary>
    /// Which comparisons of three or more responses to a prompt are learned from: all, or only the best response with the worst
    /// (bestAndWorst).
    /// </summary>
    public PairChoice Pairs { get; init; }

    /// <summary>
    /// The smallest margin of a comparison that is learned from: the difference of its scores, or else its strength or margin; 0 for all.
    /// </summary>
    [Range(0d, double.MaxValue)]
    public double MinMargin { get; init; }

    /// <summary>
    /// Fields that are left out, such as [label]. A field that has a meaning in another layout stops the run unless it is named here.
    /// </summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    /// <summary>
    /// What happens to texts longer than the model's context length: truncate or drop. Documents of pretraining are cut into rows.
    /// </summary>
    public OverlongExamples TooLong { get; init; } = OverlongExamples.Truncate;

    public DataOptions WithFullPaths() => this with { Train = RecipePaths.Data(Train), HeldOut = RecipePaths.Data(HeldOut) };

    /// <summary>How a method reads the files.</summary>
    /// <param name="method">The method.</param>
    /// <exception cref="InvalidDataException">The method does not learn from one side of pairs, or from comparisons.</exception>
    public ReadOptions For(TrainingMethod method)
    {
        if (Side is not null && method.Reads is not (DataUse.Demonstrations or DataUse.Documents))
            throw new InvalidDataException($"`data.side` is for sft and pretrain; {method.Name} reads {DataUses.Describe(method.Reads)}");
        if ((Pairs, MinMargin) != (PairChoice.All, 0) && method.Reads is not (DataUse.Comparisons or DataUse.Triples or DataUse.Labels))
            throw new InvalidDataException($"`data.{(Pairs == PairChoice.All ? "minMargin" : "pairs")}` is for methods that learn from "
                + $"comparisons; {method.Name} reads {DataUses.Describe(method.Reads)}");
        return new()
        {
            Split = DataSplit.Train,
            Columns = Columns,
            Side = Side,
            Pairs = Pairs,
            MinMargin = MinMargin,
            Ignore = Ignore,
            Use = method.Reads,
            Reader = method.Name,
            Methods = MethodCatalog.ThatRead,
        };
    }

    /// <summary>The examples of the training data, for other purposes than training: a tokenizer, a chat template, normalisation.</summary>
    public IEnumerable<Example> Examples(Run run) => Dataset.Read(Train, For(MethodOf(run)));

    /// <summary>Whether an example of the training data is a conversation, which a chat template writes.</summary>
    public bool HasConversations() => Dataset.Read(
        Train, new() { Split = DataSplit.Train, Columns = Columns, Side = Side, Ignore = Ignore })
        .Any(example => example is ChatExample or ChatComparisonExample or LabelledExample { Response: ChatExample }
            or RewardedExample { Response: ChatExample });

    /// <summary>Training and held-out examples, encoded one by one; the run keeps a hash of each that is trained on.</summary>
    /// <param name="encode">Encodes an example; null leaves it out.</param>
    /// <param name="encoder">Counts what was cut or left out.</param>
    /// <param name="run">Gets the notices; its seed decides which examples are held out.</param>
    /// <param name="alsoRead">Fields that rewards read.</param>
    /// <exception cref="InvalidDataException">The data cannot be used, or changed since the run began.</exception>
    public (IReadOnlyList<T> Train, IReadOnlyList<T> HeldOut) Load<T>(
        Func<Example, T?> encode, TextEncoder encoder, Run run, IReadOnlyList<string>? alsoRead = null) where T : class
    {
        var use = MethodOf(run).Reads;
        var (train, heldOut) = LoadAll(Encode, encoder, run, alsoRead);
        run.TrainedRows = [.. train.Select(row => row.Hash)];
        return ([.. train.Select(row => row.Item)], [.. heldOut.Select(row => row.Item)]);

        IReadOnlyList<(T Item, string Hash)> Encode(IEnumerable<Example> examples) =>
            [.. from example in examples
                let item = encode(example)
                where item is not null
                select (item, DataDigest.HashOf(example, use))];
    }

    /// <summary>Training and held-out rows, encoded all at once.</summary>
    /// <inheritdoc cref="Load"/>
    public (IReadOnlyList<T> Train, IReadOnlyList<T> HeldOut) LoadAll<T>(
        Func<IEnumerable<Example>, IReadOnlyList<T>> encode, TextEncoder encoder, Run run, IReadOnlyList<string>? alsoRead = null)
    {
        var options = For(MethodOf(run)) with { AlsoRead = alsoRead ?? [], Notice = run.Notice, Recognised = run.Notice };
        var (trainDigest, heldOutDigest) = (new DataDigest(), new DataDigest());
        var train = encode(trainDigest.Count(Dataset.Read(Train, options)));
        if (train.Count == 0)
            throw new InvalidDataException(
                $"{Train} has no examples to train on{string.Concat(encoder.Notices.Select(notice => "\n  " + notice))}");
        var (heldOutPath, split) = HeldOut.Length == 0 && HasHeldOutFiles(run) ? (Train, DataSplit.HeldOut) : (HeldOut, DataSplit.All);
        var heldOut = heldOutPath.Length > 0 ? encode(heldOutDigest.Count(Dataset.Read(heldOutPath, options with { Split = split }))) : [];
        if (heldOutPath.Length > 0 && heldOutDigest.Rows == 0)
            throw new InvalidDataException(
                $"`data.heldOut`: {heldOutPath} has no examples; name other data, or hold out a share of data.train");
        run.RecordData(heldOutPath.Length > 0
            ? [("train", Train, trainDigest), ("heldOut", heldOutPath, heldOutDigest)]
            : [("train", Train, trainDigest)]);
        run.Notices(encoder.Notices);
        if (heldOutPath.Length == 0)
            (train, heldOut) = Data.HeldOut.Split(train, HeldOutShare, run.Seed);
        if (heldOut.Count == 0 && (heldOutPath.Length > 0 || HeldOutShare > 0))
            run.Notice("there is no evaluation: "
                + (heldOutPath.Length > 0 ? $"every example of {heldOutPath} was left out" : "the only example is trained on"));
        return (train, heldOut);
    }

    /// <summary>Whether the folder of the training data has held-out files by their names; the run gets a notice.</summary>
    bool HasHeldOutFiles(Run run)
    {
        if (!Dataset.HasHeldOut(Train))
            return false;
        run.Notice($"{Train} has files for validation or tests, by their names: they are held out");
        return true;
    }

    static TrainingMethod MethodOf(Run run) => MethodCatalog.Find(run.Method.Name)
        ?? throw new ArgumentException($"{run.Method.Name} is not a training method", nameof(run));
}
