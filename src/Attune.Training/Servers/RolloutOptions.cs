using System.ComponentModel.DataAnnotations;
using Attune.Generation;
using Attune.Training.Estimation;
using Attune.Training.Options;

namespace Attune.Training.Servers;

/// <summary>What samples responses.</summary>
public enum RolloutEngine
{
    /// <summary>This process.</summary>
    Local,

    /// <summary>Servers.</summary>
    Server,
}

/// <summary>The API of a server.</summary>
public enum RolloutProtocol
{
    /// <summary>OpenAI's completions with token ids, as vLLM has them.</summary>
    Openai,

    /// <summary>SGLang's generate.</summary>
    Sglang,
}

/// <summary>How servers get the weights.</summary>
public enum WeightTransfer
{
    /// <summary>The folder of a LoRA adapter, by vLLM's load_lora_adapter.</summary>
    Adapter,

    /// <summary>The folder of a whole model, by SGLang's update_weights_from_disk.</summary>
    Folder,
}

/// <summary>Which distribution the log-probabilities of a server are of.</summary>
public enum LogprobsMode
{
    /// <summary>The model's own, at temperature 1 and without filters.</summary>
    Raw,

    /// <summary>The one at the temperature of sampling, before top-k, top-p and min-p.</summary>
    Tempered,

    /// <summary>The one that is sampled from.</summary>
    Processed,
}

/// <summary>What samples the responses of a step. See docs/rollouts.md.</summary>
public sealed record RolloutOptions : IValidatableObject
{
    /// <summary>What samples responses: local (this process) or server (the servers of the list).</summary>
    public RolloutEngine Engine { get; init; }

    /// <summary>The URLs of servers that have the model, such as http://localhost:8000. Each prompt goes to the one with the fewest open
    /// requests.</summary>
    public IReadOnlyList<string> Servers { get; init; } = [];

    /// <summary>The API of the servers: openai (vLLM's completions with token ids) or sglang (SGLang's generate).</summary>
    public RolloutProtocol Protocol { get; init; }

    /// <summary>
    /// How servers get the new weights after each step: adapter (a LoRA adapter, by vLLM's load_lora_adapter) or folder (a whole model, by
    /// SGLang's update_weights_from_disk). Null for adapter with protocol openai and parameters.lora, else folder.
    /// </summary>
    public WeightTransfer? Weights { get; init; }

    /// <summary>
    /// The folder that weights are written to, which the servers can read under the same path; empty for a folder of the run.
    /// </summary>
    public string WeightsFolder { get; init; } = "";

    /// <summary>
    /// Which log-probabilities the servers report: raw (temperature 1, without filters), tempered (after temperature, before top-k, top-p
    /// and min-p) or processed (of the distribution that is sampled from, vLLM's --logprobs-mode processed_logprobs). Null for raw with
    /// protocol openai and tempered with sglang, the defaults of these servers.
    /// </summary>
    public LogprobsMode? LogprobsMode { get; init; }

    /// <summary>
    /// What the policy loss is multiplied by, from w = π_old / π_server: none, truncatedToken (min(w, clipMax) of a token),
    /// truncatedSequence (the same of the product over a response), icepop (w of a token, 0 outside of clipMin to clipMax) or
    /// maskedSequence (the product, 0 outside).
    /// </summary>
    public ImportanceCorrection Correction { get; init; } = ImportanceCorrection.MaskedSequence;

    /// <summary>The upper limit of the correction; null for 3, with icepop 5.</summary>
    [Range(1, double.PositiveInfinity)]
    public double? ClipMax { get; init; }

    /// <summary>The lower limit of the correction; null for none, with icepop 0.5.</summary>
    [Range(0d, 1d)]
    public double? ClipMin { get; init; }

    /// <summary>
    /// How many updates older than the policy the weights that sample may be. Above 0, servers sample the responses of the next steps while
    /// the policy trains.
    /// </summary>
    [Range(0, 64)]
    public int MaxStaleness { get; init; }

    /// <summary>Requests that are open at the same time, for each server; a request has a prompt.</summary>
    [Range(1, 4096)]
    public int Concurrency { get; init; } = 64;

    /// <summary>
    /// Whether servers with protocol openai send tokens as they are sampled. When a request fails, the tokens that have arrived are then
    /// kept, and the response continues after them on another server.
    /// </summary>
    public bool Stream { get; init; } = true;

    /// <summary>
    /// The timeout of a request in seconds. With several ranks it must be well below the time that they wait for each other (600 seconds;
    /// --rank-timeout of attune launch), because the others wait while rank 0 sends a request again.
    /// </summary>
    [Range(0d, 86_400d, MinimumIsExclusive = true)]
    public double Timeout { get; init; } = 300;

    /// <summary>How often a request is retried, on another server where there is one.</summary>
    [Range(0, 100)]
    public int Retries { get; init; } = 8;

    /// <summary>Seconds until a server that failed is used again; doubled for each further failure, up to a minute.</summary>
    [Range(0d, 60d)]
    public double Backoff { get; init; } = 1;

    /// <summary>The environment variable that holds the API key of the servers; no key is sent where it is not set.</summary>
    public string ApiKeyVariable { get; init; } = "ATTUNE_API_KEY";

    /// <summary>Whether servers sample.</summary>
    internal bool UsesServers => Engine == RolloutEngine.Server;

    /// <summary>Which log-probabilities the servers report.</summary>
    internal LogprobsMode Reported =>
        LogprobsMode ?? (Protocol == RolloutProtocol.Sglang ? Training.Servers.LogprobsMode.Tempered : Training.Servers.LogprobsMode.Raw);

    internal (double? Min, double Max) Limits => Correction == ImportanceCorrection.Icepop
        ? (ClipMin ?? 0.5, ClipMax ?? 5)
        : (ClipMin, ClipMax ?? 3);

    /// <summary>How weights travel.</summary>
    /// <param name="hasAdapter">Whether a LoRA adapter is trained.</param>
    internal WeightTransfer WeightsFor(bool hasAdapter) =>
        Weights ?? (hasAdapter && Protocol == RolloutProtocol.Openai ? WeightTransfer.Adapter : WeightTransfer.Folder);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (UsesServers && Servers.Count == 0)
            yield return new("must have at least one URL with engine server", [nameof(Servers)]);
        if (!UsesServers && Servers.Count > 0)
            yield return new("must be empty with engine local; set rollout.engine to server to use them", [nameof(Servers)]);
        if (!Servers.All(HttpUrlAttribute.IsUrl))
            yield return new("must have URLs that begin with http:// or https://", [nameof(Servers)]);
        if (!UsesServers && MaxStaleness > 0)
            yield return new("must be 0 with engine local: this process cannot sample while it trains", [nameof(MaxStaleness)]);
        if (Correction is ImportanceCorrection.TruncatedToken or ImportanceCorrection.TruncatedSequence && ClipMin is not null)
            yield return new("must be null where correction truncates from above only", [nameof(ClipMin)]);
    }

    /// <summary>The rules of these options with those of a recipe.</summary>
    internal IEnumerable<ValidationResult> Validate(SamplingOptions sampling, int maxResamplings, bool hasAdapter)
    {
        if (!UsesServers)
            yield break;
        if (Weights == WeightTransfer.Adapter && !hasAdapter)
            yield return new("must be folder where parameters.lora.rank is 0: there is no adapter", [$"Rollout.{nameof(Weights)}"]);
        if (Unsupported(sampling).ToList() is { Count: > 0 } names)
            yield return new(
                $"must be local with sampling.{string.Join(" and sampling.", names)}: servers do not have these options",
                [$"Rollout.{nameof(Engine)}"]);
        if (MaxStaleness > 0 && maxResamplings > 0)
            yield return new(
                "must be 0 with updates.maxResamplings: prompts are replaced when their responses have been scored",
                [$"Rollout.{nameof(MaxStaleness)}"]);
    }

    /// <summary>The sampling options that servers do not have, or not with the same meaning.</summary>
    static IEnumerable<string> Unsupported(SamplingOptions sampling)
    {
        var usual = new SamplingOptions
        {
            MaxNewTokens = sampling.MaxNewTokens,
            MinNewTokens = sampling.MinNewTokens,
            Temperature = sampling.Temperature,
            TopK = sampling.TopK,
            TopP = sampling.TopP,
            MinP = sampling.MinP,
            Stop = sampling.Stop,
        };
        return typeof(SamplingOptions).GetProperties()
            .Where(property => property.SetMethod is not null && !SameValue(property.GetValue(sampling), property.GetValue(usual)))
            .Select(property => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(property.Name));

        static bool SameValue(object? value, object? other) => value is System.Collections.ICollection { Count: var count }
            ? other is System.Collections.ICollection { Count: var otherCount } && (count == 0) == (otherCount == 0)
            : Equals(value, other);
    }
}
