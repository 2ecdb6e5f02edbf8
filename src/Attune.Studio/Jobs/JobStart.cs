using Attune.Store;

namespace Attune.Studio.Jobs;

/// <summary>Adds jobs. The input of a job is written before it can start.</summary>
sealed class JobStart(StudioOptions options, PreferenceStore store)
{
    /// <param name="job">The job, without id and commands.</param>
    /// <param name="prepare">Writes the input of the commands.</param>
    /// <param name="commands">Makes the commands from the job's folder.</param>
    public Job Enqueue(Job job, Action<JobFolder> prepare, Func<JobFolder, IReadOnlyList<IReadOnlyList<string>>> commands)
    {
        var draft = new JobFolder(Path.Combine(options.Jobs, $"new-{Guid.NewGuid():N}"));
        PrivateFolder.Create(draft.Path);
        try
        {
            prepare(draft);
            return store.Jobs.Add(job, id =>
            {
                var folder = JobFolder.ForJob(options, id);
                if (Directory.Exists(folder.Path))                     // left over from a store that a restore replaced
                    Directory.Move(folder.Path, $"{folder.Path}-old-{Guid.NewGuid():N}");
                Directory.Move(draft.Path, folder.Path);
                return commands(folder);
            });
        }
        catch
        {
            if (Directory.Exists(draft.Path))
                Directory.Delete(draft.Path, recursive: true);
            throw;
        }
    }
}
