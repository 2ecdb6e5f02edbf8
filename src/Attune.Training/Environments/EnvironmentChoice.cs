namespace Attune.Training.Environments;

/// <summary>Several environments: the row of each prompt names its own.</summary>
sealed class EnvironmentChoice(IReadOnlyDictionary<string, IEnvironment> environments) : IEnvironment
{
    public async Task<IReadOnlyList<Reply>> ReplyAsync(IReadOnlyList<Episode> episodes, CancellationToken cancellation)
    {
        var replies = new Reply[episodes.Count];
        foreach (var group in episodes.Index().GroupBy(row => EpisodeOptions.ChosenFor(row.Item.Prompt, environments)))
        {
            var found = await group.Key.ReplyAsync([.. group.Select(row => row.Item)], cancellation).ConfigureAwait(false);
            foreach (var (row, reply) in group.Zip(found))
                replies[row.Index] = reply;
        }
        return replies;
    }

    public void Dispose()
    {
        foreach (var environment in environments.Values)
            environment.Dispose();
    }
}
