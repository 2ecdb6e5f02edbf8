using System.Collections.ObjectModel;
using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Data.Encoded;
using Attune.Training.Options;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Training data and held-out data.</summary>
public sealed record DataOptions
{
    const int FirstExamples = 10_000;

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

    /// <summary>
    /// Where tokenized data is kept: auto (data of 256 MiB or more in a file beside it, else in memory), on (in a file) or off (in memory).
    /// A later run with the same data, tokenizer and options uses the file.
    /// </summary>
    public DataCache Cache { get; init; } = DataCache.Auto;

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

    /// <summary>
    /// Whether one of the first examples of the training data is a conversation, which a chat template writes. Only that many are read,
    /// because data of texts would be read to its end.
    /// </summary>
    public bool HasConversations() => Dataset.Read(
        Train, new() { Split = DataSplit.Train, Columns = Columns, Side = Side, Ignore = Ignore }).Take(FirstExamples)
        .Any(example => example is ChatExample or ChatComparisonExample or LabelledExample { Response: ChatExample }
            or RewardedExample { Response: ChatExample });

    /// <summary>Training and held-out items; the run keeps a hash of each example that is trained on.</summary>
    /// <param name="encoding">How the method encodes an example.</param>
    /// <param name="encoder">Encodes texts, and counts what was cut or left out.</param>
    /// <param name="run">Gets the notices; its seed decides which examples are held out.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <param name="alsoRead">Fields that rewards read.</param>
    /// <exception cref="InvalidDataException">The data cannot be used, or changed since the run began.</exception>
    public (IReadOnlyList<T> Train, IReadOnlyList<T> HeldOut) Load<T>(
        ExampleEncoding<T> encoding, TextEncoder encoder, Run run, CancellationToken cancellation, IReadOnlyList<string>? alsoRead = null)
        where T : class
    {
        var (data, heldOut) = Encode(encoding, encoder, run, alsoRead ?? [], cancellation);
        var (train, aside) = Split(data.Items.Count, heldOut is not null, run);
        run.TrainedRows = new ListView<string>(train.Length, at => DataDigest.Written(data.Hashes[train[at]]));
        return (new ListView<T>(data.Items, train), WithNotice(heldOut?.Items ?? new ListView<T>(data.Items, aside), run));
    }

    /// <summary>Training and held-out rows into which items are packed. Examples are held out by packed rows.</summary>
    /// <param name="encoding">How the method encodes an example.</param>
    /// <param name="pack">Packs items.</param>
    /// <param name="encoder">Encodes texts, and counts what was cut or left out.</param>
    /// <param name="run">Gets the notices; its seed decides which rows are held out.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <inheritdoc cref="Load"/>
    public (IReadOnlyList<T> Train, IReadOnlyList<T> HeldOut) LoadPacked<T>(
        ExampleEncoding<T> encoding, Func<IReadOnlyList<T>, IReadOnlyList<T>> pack, TextEncoder encoder, Run run,
        CancellationToken cancellation) where T : class
    {
        var (data, heldOut) = Encode(encoding, encoder, run, [], cancellation);
        var rows = pack(data.Items);
        var (train, aside) = Split(rows.Count, heldOut is not null, run);
        return (new ListView<T>(rows, train), WithNotice(heldOut is null ? new ListView<T>(rows, aside) : pack(heldOut.Items), run));
    }

    /// <summary>The training data, and the held-out data where there are files of it.</summary>
    (EncodedData<T> Train, EncodedData<T>? HeldOut) Encode<T>(
        ExampleEncoding<T> encoding, TextEncoder encoder, Run run, IReadOnlyList<string> alsoRead, CancellationToken cancellation)
        where T : class
    {
        var options = For(MethodOf(run)) with { AlsoRead = alsoRead, Notice = run.Notice, Recognised = run.Notice };
        var data = new DataEncoder(encoder, Cache) { Progress = run.Progress, Notify = run.Notice };
        var train = data.Encode(Train, options, encoding, cancellation);
        if (train.Items.Count == 0)
            throw new InvalidDataException(
                $"{Train} has no examples to train on{string.Concat(encoder.Notices.Select(notice => "\n  " + notice))}");
        var (path, split) = HeldOut.Length == 0 && HasHeldOutFiles(run) ? (Train, DataSplit.HeldOut) : (HeldOut, DataSplit.All);
        var heldOut = path.Length > 0 ? data.Encode(path, options with { Split = split }, encoding, cancellation) : null;
        if (heldOut?.Digest.Rows == 0)
            throw new InvalidDataException(
                $"`data.heldOut`: {path} has no examples; name other data, or hold out a share of data.train");
        run.RecordData(heldOut is not null
            ? [("train", Train, train.Digest), ("heldOut", path, heldOut.Digest)]
            : [("train", Train, train.Digest)]);
        run.Notices(encoder.Notices);
        return (train, heldOut);
    }

    (int[] Train, int[] HeldOut) Split(int count, bool hasHeldOut, Run run) =>
        Data.HeldOut.Split(count, hasHeldOut ? 0 : HeldOutShare, run.Seed);

    IReadOnlyList<T> WithNotice<T>(IReadOnlyList<T> heldOut, Run run)
    {
        var path = HeldOut.Length > 0 ? HeldOut : Dataset.HasHeldOut(Train) ? Train : "";
        if (heldOut.Count == 0 && (path.Length > 0 || HeldOutShare > 0))
            run.Notice("there is no evaluation: "
                + (path.Length > 0 ? $"every example of {path} was left out" : "the only example is trained on"));
        return heldOut;
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
