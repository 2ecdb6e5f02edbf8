using Attune.Training.Options;
using Attune.Training.Remote;

namespace Attune.Training.Rewards;

/// <summary>A reward from a web server: one POST request for each batch.</summary>
public sealed record HttpReward : RemoteReward
{
    public override string Kind => "http";

    /// <summary>The URL that batches are posted to.</summary>
    [HttpUrl]
    public string Url { get; init; } = "";

    private protected override IRemote Connect() => new HttpRemote(Url);
}
