using System.ComponentModel.DataAnnotations;
using Attune.Training.Remote;

namespace Attune.Training.Rewards;

/// <summary>A reward from a web server: one POST request for each batch.</summary>
public sealed record HttpReward : RemoteReward
{
    public override string Kind => "http";

    /// <summary>The URL that batches are posted to.</summary>
    public string Url { get; init; } = "";

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var result in base.Validate(validationContext))
            yield return result;
        if (!IsUrl(Url))
            yield return new("must be a URL that begins with http:// or https://", [nameof(Url)]);
    }

    internal static bool IsUrl(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is ("http" or "https");

    private protected override IRemote Connect() => new HttpRemote(Url);
}
