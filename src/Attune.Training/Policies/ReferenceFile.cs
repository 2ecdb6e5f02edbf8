using System.Runtime.InteropServices;
using Attune.Torch;
using Attune.Training.Runs;

namespace Attune.Training.Policies;

/// <summary>The file of a run folder with the reference's log-probabilities of all responses, by the hash of their tokens.</summary>
public sealed class ReferenceFile(Run run)
{
    /// <summary>The log-probabilities of each response's tokens; empty where there is no file, or, with a notice, a damaged one.</summary>
    public Dictionary<UInt128, float[]> Read()
    {
        if (!File.Exists(Path))
            return [];
        try
        {
            return ReadAll();
        }
        catch (InvalidDataException error)
        {
            run.Warn($"{error.Message}: the log-probabilities of the reference are computed again");
            return [];
        }
    }

    public void Write(IReadOnlyDictionary<UInt128, float[]> logprobs) => run.WriteFile(Path, unfinished =>
    {
        using var scope = TensorScope.Open();
        float[] all = [.. logprobs.Values.SelectMany(tokens => tokens)];
        Safetensors.Write(unfinished,
        [
            ("texts", Tensor.From(MemoryMarshal.Cast<UInt128, long>(logprobs.Keys.ToArray()).ToArray(), logprobs.Count, 2)),
            ("lengths", Tensor.From([.. logprobs.Values.Select(tokens => (long)tokens.Length)], logprobs.Count)),
            ("logprobs", Tensor.From(all, all.Length)),
        ]);
    });

    Dictionary<UInt128, float[]> ReadAll()
    {
        using var scope = TensorScope.Open();
        using var file = Safetensors.Open(Path);
        var texts = MemoryMarshal.Cast<long, UInt128>(file.Read("texts").ToArray<long>());
        var lengths = file.Read("lengths").ToArray<long>();
        var all = file.Read("logprobs").ToArray<float>();
        if (texts.Length != lengths.Length || lengths.Any(length => length < 0) || lengths.Sum() != all.Length)
            throw new InvalidDataException($"{Path} is damaged");
        var logprobs = new Dictionary<UInt128, float[]>(texts.Length);
        for (int row = 0, at = 0; row < lengths.Length; at += (int)lengths[row++])
            logprobs[texts[row]] = all[at..(at + (int)lengths[row])];
        return logprobs;
    }

    string Path => run.Folder.ReferenceLogprobs;
}
