using Attune.Text;

namespace Attune.Training.Environments;

/// <summary>Several environments: the row of each prompt names its own.</summary>
sealed class EnvironmentChoice(IReadOnlyDictionary<string, IEnvironment> environments) : IEnvironment
{
    public async Task<IReadOnlyList<Reply>> ReplyAsync(IReadOnlyList<Episode> episodes, CancellationToken cancellation)
    {
        var replies = new Reply[episodes.Count];
        foreach (var group in episodes.Index().GroupBy(row => NameOf(row.Item), StringComparer.Ordinal))
        {
            var found = await environments[group.Key].ReplyAsync([.. group.Select(row => row.Item)], cancellation).ConfigureAwait(false);
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

    string NameOf(Episode episode)
    {
        var field = episode.Prompt.Row?.Required(EpisodeOptions.EnvironmentField);
        var name = field is { ValueKind: System.Text.Json.JsonValueKind.String } text ? text.GetString()! : "";
        return environments.ContainsKey(name) ? name : throw new InvalidDataException(
            $"{episode.Prompt.Row?.Origin}: '{EpisodeOptions.EnvironmentField}' must be one of {string.Join(", ", environments.Keys)} "
            + $"(was {name.Quoted()})");
    }
}
