using Attune.Reporting.Files;

namespace Attune.Reporting.Runs;

/// <summary>Where the files of a run lie.</summary>
public sealed class RunFolder(string path)
{
    public string Path => path;

    /// <summary>The resolved recipe, written before the first step.</summary>
    public string Recipe => In("recipe.yaml");

    /// <summary>One JSON object a step, and one for each look at held-out data.</summary>
    public string Metrics => In("metrics.jsonl");

    /// <summary>Prompts, answers and their scores, seen at evaluation.</summary>
    public string Samples => In("samples.jsonl");

    /// <summary>What went wrong and what was done about it, one JSON object a line.</summary>
    public string Health => In("health.jsonl");

    public string Checkpoints => In("checkpoints");

    /// <summary>The result: a folder that transformers loads.</summary>
    public string Model => In("model");

    public string Report => In("report.html");

    public string Summary => In("summary.json");

    /// <summary>Whether a run has begun here.</summary>
    public bool HasStarted => File.Exists(Recipe);

    /// <summary>Whether it has ended: the summary is the last file that is written.</summary>
    public bool IsFinished => File.Exists(Summary);

    /// <summary>Takes the folder for this process until the result is disposed of, or the process ends in whatever way.</summary>
    /// <exception cref="InvalidDataException">Another process has it.</exception>
    public IDisposable Lock()
    {
        Directory.CreateDirectory(path);
        try
        {
            return new FileStream(In(".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (error.IsInUse())
        {
            throw new InvalidDataException($"the run folder {path} is in use by another process; wait for it, or choose another folder", error);
        }
    }

    /// <summary>Whether a process has the folder now.</summary>
    public bool IsInUse
    {
        get
        {
            try
            {
                using var look = File.Exists(In(".lock")) ? new FileStream(In(".lock"), FileMode.Open, FileAccess.Read, FileShare.Read) : null;
                return false;
            }
            catch (IOException error)
            {
                return error.IsInUse();
            }
        }
    }

    string In(string name) => System.IO.Path.Combine(path, name);
}
