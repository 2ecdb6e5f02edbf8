using System.Globalization;
using Attune.Reporting.Runs;
using Attune.Torch.Distributed;
using Attune.Training.States;

namespace Attune.Training.Rejection;

/// <summary>
/// The scored responses of a run's rounds. The responses of a round are a file, written once; a checkpoint holds the number of rounds.
/// </summary>
/// <param name="folder">The folder of the files.</param>
/// <param name="keep">How many of the last rounds are kept; 0 for all.</param>
public sealed class ResponsePool(string folder, int keep) : IRunState
{
    readonly List<IReadOnlyList<SampledResponse>> kept = [];

    /// <summary>How many rounds were scored.</summary>
    public int Rounds { get; private set; }

    /// <summary>The responses of the kept rounds.</summary>
    public IEnumerable<SampledResponse> Responses => kept.SelectMany(round => round);

    /// <summary>The responses of the last round.</summary>
    public IReadOnlyList<SampledResponse> Last => kept[^1];

    /// <summary>Adds a scored round.</summary>
    public void Add(IReadOnlyList<SampledResponse> round)
    {
        kept.Add(round);
        Rounds++;
        if (keep > 0 && kept.Count > keep)
            kept.RemoveAt(0);
    }

    /// <summary>The responses that a process sampled for the next round before it was killed; null for none.</summary>
    public IReadOnlyList<SampledResponse>? SampledForNext() =>
        Ranks.Once(() => File.Exists(PathOf(Rounds + 1)) ? SampledResponse.Read(PathOf(Rounds + 1)) : null);

    /// <summary>Writes the responses of the next round, before or after they are scored.</summary>
    public void WriteNext(IReadOnlyList<SampledResponse> round)
    {
        if (!Ranks.IsFirst)
            return;
        Directory.CreateDirectory(folder);
        SampledResponse.Write(PathOf(Rounds + 1), round);
    }

    public void Save(StateWriter writer) => writer.Write("rounds", Rounds);

    /// <exception cref="InvalidDataException">The file of a round is missing or damaged.</exception>
    public void Load(StateReader reader)
    {
        var rounds = (int)reader.ReadNumber("rounds");
        kept.Clear();
        for (var round = keep > 0 ? Math.Max(1, rounds - keep + 1) : 1; round <= rounds; round++)
            kept.Add(SampledResponse.Read(PathOf(round)));
        Rounds = rounds;
    }

    string PathOf(int round) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"round-{round:D4}.jsonl"));
}
