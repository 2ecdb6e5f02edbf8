using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Attune.Input;
using Attune.Reporting.Files;
using Attune.Torch;
using Attune.Torch.Distributed;
using Attune.Training.States;

namespace Attune.Training.Runs;

/// <summary>
/// The checkpoints of a run. A checkpoint is written into a temporary folder, its manifest last, flushed and renamed, so that a folder
/// <c>step-000120</c> is always complete. Reading checks sizes and SHA-256, and falls back to the checkpoint before.
/// </summary>
sealed class CheckpointStore(string folder, int keep)
{
    const string Tensors = "state.safetensors";
    const string Numbers = "state.json";
    const string Manifest = "manifest.json";

    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>Writes the states of a step, then deletes the oldest checkpoints beyond the number to keep.</summary>
    /// <param name="step">The step.</param>
    /// <param name="states">The states to write.</param>
    /// <param name="protectedSteps">Steps whose checkpoints are kept, however old.</param>
    public void Save(int step, IReadOnlyDictionary<string, IRunState> states, IEnumerable<int> protectedSteps)
    {
        if (Ranks.Once(() => Directory.Exists(PathOf(step))))
            return;                                  // it was due at this step, and the run is stopped at the same step
        Write(PathOf(step), new(step), states);
        if (Ranks.IsFirst)
            foreach (var old in Steps().SkipLast(keep).Except(protectedSteps).ToList())
                Directory.Delete(PathOf(old), recursive: true);
    }

    /// <summary>Writes the states of a step that a run was rolled back to, and deletes later checkpoints.</summary>
    public void Replace(int step, IReadOnlyDictionary<string, IRunState> states)
    {
        if (Ranks.IsFirst)
            foreach (var later in Steps().Where(other => other > step).Reverse().ToList())
                Directory.Delete(PathOf(later), recursive: true);
        Write(PathOf(step), new(step), states);
    }

    /// <summary>
    /// Writes the states of the best step, replacing those of the previous best step; later checkpoints do not delete it.
    /// </summary>
    /// <param name="step">The step.</param>
    /// <param name="value">The metric's value at the step.</param>
    /// <param name="states">The states to write.</param>
    public void SaveBest(int step, double value, IReadOnlyDictionary<string, IRunState> states) =>
        Write(BestPath, new(step) { Value = value }, states);

    /// <summary>The best step and its value; null when there is none or, with a notice, when it is damaged.</summary>
    public (int Step, double Value)? Best(Action<string> notify) => Ranks.Once(() => FindBest(notify));

    (int Step, double Value)? FindBest(Action<string> notify)
    {
        // the program was killed between deleting the old one and renaming the new one
        var unfinished = BestPath + ".unfinished";
        if (!Directory.Exists(BestPath) && Directory.Exists(unfinished) && Damage(unfinished) is null)
            Directory.Move(unfinished, BestPath);
        if (!Directory.Exists(BestPath))
            return null;
        if (Damage(BestPath) is { } damage)
        {
            notify($"the checkpoint {BestPath} is damaged ({damage}); the best step is chosen among the following ones");
            return null;
        }
        return ReadManifest(BestPath) is { Value: { } value } manifest ? (manifest.Step, value) : null;
    }

    /// <summary>Restores the best step.</summary>
    public void LoadBest(IReadOnlyDictionary<string, IRunState> states) => ReadStates(BestPath, states);

    /// <summary>Restores the newest undamaged checkpoint and returns its step; null when there is none.</summary>
    /// <param name="states">The states to restore.</param>
    /// <param name="notify">Called with a message for every damaged checkpoint.</param>
    /// <param name="upTo">The newest step to restore.</param>
    public int? Load(IReadOnlyDictionary<string, IRunState> states, Action<string> notify, int upTo = int.MaxValue)
    {
        var newest = Ranks.Once(() => FindNewest(notify, upTo));
        if (newest is { } step)
            ReadStates(PathOf(step), states);
        return newest;
    }

    int? FindNewest(Action<string> notify, int upTo)
    {
        foreach (var unfinished in Directory.Exists(folder) ? Directory.GetDirectories(folder, "step-*.unfinished") : [])
            Directory.Delete(unfinished, recursive: true);
        foreach (var step in Steps().Where(step => step <= upTo).Reverse().ToList())
        {
            if (Damage(PathOf(step)) is { } damage)
            {
                AtomicWrite.Folder(Path.Combine(folder, $"damaged-{step:D6}"), kept => Directory.Move(PathOf(step), kept));
                var fallback = Steps().Any() ? "the one before it is used" : "there is none before it, so training starts again";
                notify($"the checkpoint {PathOf(step)} is damaged ({damage}); {fallback}");
                continue;
            }
            return step;
        }
        return null;
    }

    /// <summary>Rank 0 makes the folder, each rank writes a file into it, and rank 0 adds the manifest and renames the folder.</summary>
    static void Write(string path, CheckpointManifest manifest, IReadOnlyDictionary<string, IRunState> states)
    {
        if (Ranks.IsFirst)
            AtomicWrite.Folder(path, unfinished =>
            {
                Directory.CreateDirectory(unfinished);
                var files = WriteStates(unfinished, states);
                var complete = JsonSerializer.SerializeToUtf8Bytes(manifest with { Files = files }, Json);
                WriteFlushed(Path.Combine(unfinished, Manifest), complete);
            });
        else
            _ = WriteStates(AtomicWrite.Unfinished(path), states);
        Ranks.Wait();
    }

    /// <summary>Writes the states that this rank has.</summary>
    /// <returns>The files of all ranks.</returns>
    static CheckpointFile[] WriteStates(string path, IReadOnlyDictionary<string, IRunState> states)
    {
        var rank = Ranks.Current.Rank;
        Ranks.Wait();
        return [.. Ranks.Gather(() => WriteStatesOf(rank, path, states)).SelectMany(files => files)];
    }

    static CheckpointFile[] WriteStatesOf(int rank, string path, IReadOnlyDictionary<string, IRunState> states)
    {
        using var scope = TensorScope.Open();
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        var numbers = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var (part, state) in states.Where(state => rank == 0 || state.Value.IsSharded))
            state.Save(new(part, tensors, numbers, isFirst: rank == 0));
        var file = rank == 0 ? Tensors : string.Create(CultureInfo.InvariantCulture, $"rank-{rank}.safetensors");
        Safetensors.Write(Path.Combine(path, file), tensors.Select(pair => (pair.Key, pair.Value)));
        if (rank > 0)
            return [Describe(path, file)];
        WriteFlushed(Path.Combine(path, Numbers), JsonSerializer.SerializeToUtf8Bytes(numbers, Json));
        return [Describe(path, Tensors), Describe(path, Numbers)];
    }

    static void ReadStates(string path, IReadOnlyDictionary<string, IRunState> states)
    {
        Safetensors[] files = [.. ReadManifest(path).Files.Select(file => file.Name).Where(name => name != Numbers)
            .Select(name => Safetensors.Open(Path.Combine(path, name)))];
        var numbers = JsonInput.Read<Dictionary<string, double>>(Path.Combine(path, Numbers), Json);
        foreach (var (part, state) in states)
            state.Load(new(part, files, numbers));
        Array.ForEach(files, file => file.Dispose());
    }

    string? Damage(string path)
    {
        try
        {
            var manifest = ReadManifest(path);
            var isNamed = manifest?.Value is not null || Path.GetFileName(path) == Path.GetFileName(PathOf(manifest?.Step ?? 0));
            if (manifest?.Files is not [{ Name: Tensors }, { Name: Numbers }, ..] || !isNamed)
                return "its manifest does not belong to it";
            return Array.Find(manifest.Files, file => Describe(path, file.Name) != file) is { } changed
                ? $"{changed.Name} has changed"
                : null;
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            return error.Message;
        }
    }

    static CheckpointManifest ReadManifest(string path) => JsonInput.Read<CheckpointManifest>(Path.Combine(path, Manifest), Json);

    static CheckpointFile Describe(string path, string name)
    {
        using var stream = InputFile.Open(Path.Combine(path, name));
        return new(name, stream.Length, Convert.ToHexStringLower(SHA256.HashData(stream)));
    }

    static void WriteFlushed(string path, byte[] bytes)
    {
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write);
        stream.Write(bytes);
        stream.Flush(flushToDisk: true);
    }

    string BestPath => Path.Combine(folder, "best");

    string PathOf(int step) => Path.Combine(folder, $"step-{step:D6}");

    IEnumerable<int> Steps() => Directory.Exists(folder)
        ? Directory.EnumerateDirectories(folder, "step-*").Select(path => StepOf(Path.GetFileName(path))).OfType<int>().Order()
        : [];

    static int? StepOf(string name) =>
        int.TryParse(name.AsSpan("step-".Length), NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : null;
}

/// <summary>The manifest of a checkpoint, which is written last.</summary>
sealed record CheckpointManifest(int Step)
{
    public CheckpointFile[] Files { get; init; } = [];

    /// <summary>The metric's value at the best step; null in other checkpoints.</summary>
    public double? Value { get; init; }
}

/// <summary>A file of a checkpoint: its size in bytes and SHA-256 in hex.</summary>
sealed record CheckpointFile(string Name, long Size, string Sha256);
