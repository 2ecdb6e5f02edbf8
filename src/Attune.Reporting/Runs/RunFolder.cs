using Attune.Input;

namespace Attune.Reporting.Runs;

/// <summary>The folder of a run, with the paths of its files.</summary>
public sealed class RunFolder(string path)
{
    public string Path => path;

    /// <summary>The resolved recipe, written before the first step.</summary>
    public string Recipe => In("recipe.yaml");

    /// <summary>The local time at which the run started, which chat templates get as the current time.</summary>
    public string Started => In("started.txt");

    /// <summary>The number of rows of the data and their SHA-256; a resumed run must read the same rows.</summary>
    public string Data => In("data.json");

    /// <summary>A hash of each example that is trained on, one in each line.</summary>
    public string TrainedRows => In("trained-rows.txt");

    /// <summary>The log-probabilities of the data's responses under the reference, where they are computed before training.</summary>
    public string ReferenceLogprobs => In("reference-logprobs.safetensors");

    /// <summary>One JSON object for each step, and one for each evaluation.</summary>
    public string Metrics => In("metrics.jsonl");

    /// <summary>Prompts, responses and their scores, of evaluations.</summary>
    public string Samples => In("samples.jsonl");

    /// <summary>Findings about the run's health and actions, one JSON object in each line.</summary>
    public string Health => In("health.jsonl");

    /// <summary>Commit, device and machine of each time that the run was started or resumed, one JSON object in each line.</summary>
    public string Sessions => In("sessions.jsonl");

    public string Checkpoints => In("checkpoints");

    /// <summary>The responses of each round of a method that samples in rounds, with their scores.</summary>
    public string Responses => In("responses");

    /// <summary>The trained model: a folder that transformers can load.</summary>
    public string Model => In("model");

    public string Report => In("report.html");

    public string Summary => In("summary.json");

    /// <summary>Whether a run has started in the folder.</summary>
    public bool HasStarted => File.Exists(Recipe);

    /// <summary>Whether it has ended: the summary is the last file that is written.</summary>
    public bool IsFinished => File.Exists(Summary);

    /// <summary>Checks that the files that a run writes and its readers open are files: a named pipe would block them.</summary>
    /// <exception cref="InvalidDataException">One of them is something else.</exception>
    public void RequireRegularFiles()
    {
        foreach (var file in (string[])[Recipe, Started, Data, TrainedRows, Metrics, Samples, Health, Sessions, Summary, LockFile])
            InputFile.RequireRegular(file);
    }

    /// <summary>Locks the folder for this process until the result is disposed of or the process ends.</summary>
    /// <exception cref="InvalidDataException">Another process has locked it, or something in it is not a regular file.</exception>
    public IDisposable Lock()
    {
        Directory.CreateDirectory(path);
        RequireRegularFiles();
        try
        {
            return new FileStream(LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (error.IsInUse())
        {
            throw new InvalidDataException(
                $"the run folder {path} is in use by another process; wait for it, or choose another folder", error);
        }
    }

    /// <summary>Whether a process has locked the folder.</summary>
    public bool IsInUse
    {
        get
        {
            try
            {
                using var look = File.Exists(LockFile)
                    ? new FileStream(LockFile, FileMode.Open, FileAccess.Read, FileShare.Read)
                    : null;
                return false;
            }
            catch (IOException error)
            {
                return error.IsInUse();
            }
        }
    }

    string LockFile => In(".lock");

    string In(string name) => System.IO.Path.Combine(path, name);
}
