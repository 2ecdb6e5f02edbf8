using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Attune.Data;
using Attune.Text;
using Microsoft.Extensions.AI;

namespace Attune.Training.Environments;

/// <summary>Episodes of several turns, which tools and environments reply to.</summary>
public sealed record EpisodeOptions : IValidatableObject
{
    /// <summary>
    /// Tools that the policy can call in the form of its chat template: a list. Each item has a kind (process, http, mcp, plugin) and the
    /// keys of its kind; see docs/environments.md.
    /// </summary>
    public IReadOnlyList<ToolOptions> Tools { get; init; } = [];

    /// <summary>
    /// What replies to turns without tool calls: a list, usually of one item. If there are several, the field `environment` of a prompt's
    /// row names the one that replies. Each item has a kind (process, http, plugin) and the keys of its kind; see docs/environments.md.
    /// </summary>
    public IReadOnlyList<EnvironmentOptions> Environments { get; init; } = [];

    /// <summary>The most turns of an episode.</summary>
    [Range(1, 10_000)]
    public int MaxTurns { get; init; } = 8;

    /// <summary>
    /// The most tokens of an episode after its prompt, turns and replies together. An episode ends where a turn of sampling.maxNewTokens
    /// does not fit any more.
    /// </summary>
    [Range(1, int.MaxValue)]
    public int MaxTokens { get; init; } = 512;

    /// <summary>The seconds that a call of a tool may take; the policy then reads an error.</summary>
    [Range(0d, 86_400d, MinimumIsExclusive = true)]
    public double ToolTimeout { get; init; } = 60;

    /// <summary>Whether responses are episodes.</summary>
    public bool AreUsed => Tools.Count + Environments.Count > 0;

    /// <summary>Fields that are read from the rows of prompts.</summary>
    public IReadOnlyList<string> RowFields =>
        [.. Environments.SelectMany(environment => environment.RowFields), .. Environments.Count > 1 ? new[] { EnvironmentField } : []];

    /// <summary>The field that names the environment of a prompt, where there are several.</summary>
    internal const string EnvironmentField = "environment";

    /// <summary>Checks before a run that the row of each prompt has the fields that its environment reads.</summary>
    /// <exception cref="InvalidDataException">A field is missing, or names no environment.</exception>
    internal void RequireFields(IEnumerable<TokenPrompt> prompts)
    {
        var named = Environments.ToDictionary(environment => environment.Title, StringComparer.Ordinal);
        foreach (var prompt in prompts)
            foreach (var field in named.Count == 0 ? [] : ChosenFor(prompt, named).RowFields)
                prompt.Row?.Required(field);
    }

    /// <summary>The environment of a prompt: the only one, or that which the prompt's row names.</summary>
    /// <exception cref="InvalidDataException">The row names none.</exception>
    internal static T ChosenFor<T>(TokenPrompt prompt, IReadOnlyDictionary<string, T> environments)
    {
        if (environments.Count == 1)
            return environments.Values.Single();
        var name = prompt.Row?.Required(EnvironmentField) is { ValueKind: JsonValueKind.String } text ? text.GetString()! : "";
        return environments.TryGetValue(name, out var found) ? found : throw new InvalidDataException(
            $"{prompt.Row?.Origin}: '{EnvironmentField}' must be one of {string.Join(", ", environments.Keys)} (was {name.Quoted()})");
    }

    public EpisodeOptions WithFullPaths() => this with
    {
        Tools = [.. Tools.Select(tool => tool.WithFullPaths())],
        Environments = [.. Environments.Select(environment => environment.WithFullPaths())],
    };

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        from same in Environments.GroupBy(environment => environment.Title, StringComparer.Ordinal)
        where same.Count() > 1
        select new ValidationResult(
            $"must have different names: {same.Count()} are called '{same.Key}'; set their key name", [nameof(Environments)]);

    /// <summary>Connects to the tools and environments. Dispose of the player.</summary>
    /// <param name="context">What they are created for.</param>
    /// <param name="eosIds">The tokens that end a turn.</param>
    /// <exception cref="InvalidDataException">A tool or an environment cannot be used; the message says why.</exception>
    internal (EpisodePlayer Player, JsonElement? Tools) Connect(EnvironmentContext context, IReadOnlyList<int> eosIds)
    {
        context = context with { ToolTimeout = TimeSpan.FromSeconds(ToolTimeout) };
        var owned = new List<IDisposable>();
        try
        {
            AIFunction[] tools = [.. Tools.SelectMany(tool => tool.Connect(owned, context))];
            foreach (var same in tools.CountBy(tool => tool.Name, StringComparer.Ordinal).Where(same => same.Value > 1))
                throw new InvalidDataException(
                    $"`episodes.tools` must have tools with different names: {same.Value} are called '{same.Key}'");
            var environment = Build(context, owned);
            JsonElement? schemas = null;
            if (tools.Length > 0)
            {
                environment = new ToolEnvironment(
                    tools, ToolCalls.FormatOf(context.Tokenizer), context.ToolTimeout, environment, owned);
                schemas = ToolEnvironment.Schemas(tools);
            }
            var replies = new ReplyEncoder(context.Tokenizer, eosIds, schemas);
            return (new(environment!, replies, this, context.Cancellation), schemas);
        }
        catch
        {
            owned.ForEach(connection => connection.Dispose());
            throw;
        }
    }

    IEnvironment? Build(EnvironmentContext context, List<IDisposable> owned)
    {
        var built = new Dictionary<string, IEnvironment>(StringComparer.Ordinal);
        foreach (var environment in Environments)
        {
            built[environment.Title] = environment.Build(context);
            owned.Add(built[environment.Title]);
        }
        return built.Count switch { 0 => null, 1 => built.Values.Single(), _ => new EnvironmentChoice(built) };
    }
}
