using System.Text.Json;
using Attune.Input;
using Attune.Training.Options;
using Json.Schema;

namespace Attune.Training.Rewards;

/// <summary>1 for a response that is JSON, with the required keys and as a JSON schema says where these are given; else 0.</summary>
public sealed record JsonReward : RewardOptions
{
    public override string Kind => "json";

    /// <summary>Keys that the response, an object, must have; empty for any JSON.</summary>
    public IReadOnlyList<string> Required { get; init; } = [];

    /// <summary>A file with a JSON schema (draft 6 to 2020-12) that the response must follow; empty for none.</summary>
    [ExistingPath]
    public string Schema { get; init; } = "";

    public override RewardOptions WithFullPaths() => this with { Schema = RecipePaths.Full(Schema) };

    public override IRewardSource Build(RewardContext context) => new RuleSource(ToRule(), context.Policy.Tokenizer);

    /// <exception cref="InvalidDataException">The schema cannot be read.</exception>
    internal IRule ToRule() => new JsonRule(this);
}

/// <summary>Whether a response is JSON of a form.</summary>
sealed class JsonRule : IRule
{
    readonly JsonReward options;
    readonly JsonSchema? schema;

    public JsonRule(JsonReward options)
    {
        this.options = options;
        if (options.Schema.Length > 0)
            schema = UseSchema(() => JsonSchema.FromText(
                InputFile.ReadText(options.Schema), new BuildOptions { SchemaRegistry = new() }));
    }

    public double Score(TextResponse answer)
    {
        try
        {
            using var document = JsonDocument.Parse(answer.Text);
            var root = document.RootElement;
            return HasKeys(root) && (schema is null || UseSchema(() => schema.Evaluate(root).IsValid)) ? 1 : 0;
        }
        // the latter for a key with half of a surrogate pair
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return 0;
        }
    }

    bool HasKeys(JsonElement root) => options.Required.Count == 0
        || (root.ValueKind == JsonValueKind.Object && options.Required.All(key => root.TryGetProperty(key, out _)));

    /// <summary>Reports a schema that is wrong; references are resolved when they are first followed.</summary>
    T UseSchema<T>(Func<T> use)
    {
        try
        {
            return use();
        }
        catch (Exception error) when (error is JsonException or JsonSchemaException or ArgumentException)
        {
            throw new InvalidDataException($"{options.Schema} must be a JSON schema: {error.Message}", error);
        }
    }
}
