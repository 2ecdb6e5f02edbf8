using Attune.Store;

namespace Attune.Studio.Jobs;

/// <summary>Asks for jobs. What a job reads is written before it can begin.</summary>
sealed class JobStart(StudioOptions options, PreferenceStore store)
{
    /// <param name="job">Without number and commands.</param>
    /// <param name="prepare">Writes what the commands read.</param>
    /// <param name="commands">By the folder in which that will lie.</param>
    public Job Enqueue(Job job, Action<JobFolder> prepare, Func<JobFolder, IReadOnlyList<IReadOnlyList<string>>> commands)
    {
        var draft = new JobFolder(Path.Combine(options.Jobs, $"new-{Guid.NewGuid():N}"));
        Directory.CreateDirectory(draft.Path);
        try
        {
            prepare(draft);
            return store.Jobs.Add(job, id =>
            {
                var folder = JobFolder.ForJob(options, id);
                if (Directory.Exists(folder.Path))                     // of a store that this one was put in the place of
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
