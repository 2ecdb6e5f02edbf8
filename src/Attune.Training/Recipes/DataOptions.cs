using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Training.Options;

namespace Attune.Training.Recipes;

/// <summary>Training data and held-out data.</summary>
public sealed record DataOptions
{
    /// <summary>The training data: a .jsonl, .jsonl.gz, .csv or .txt file, or a folder of them.</summary>
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
    /// What happens to texts longer than the model's context length: truncate or drop. Documents of pretraining are cut into rows.
    /// </summary>
    public OverlongExamples TooLong { get; init; } = OverlongExamples.Truncate;

    public DataOptions WithFullPaths() => this with { Train = RecipePaths.Data(Train), HeldOut = RecipePaths.Data(HeldOut) };

    /// <summary>Training and held-out examples, encoded; the seed decides which examples are held out.</summary>
    public (IReadOnlyList<T> Train, IReadOnlyList<T> HeldOut) Load<T>(
        Func<IEnumerable<Example>, IReadOnlyList<T>> encode, TextEncoder encoder, int seed)
    {
        var train = encode(Dataset.Read(Train));
        if (train.Count == 0)
            throw new InvalidDataException(
                $"{Train} has no examples to train on{string.Concat(encoder.Notices.Select(notice => "\n  " + notice))}");
        return HeldOut.Length > 0 ? (train, encode(Dataset.Read(HeldOut))) : Data.HeldOut.Split(train, HeldOutShare, seed);
    }
}
