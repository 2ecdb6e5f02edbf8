using System.Text.Json.Nodes;
using Attune.Models.Families;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Heads;

/// <summary>
/// A head of a language model in addition to the output head, which maps hidden states to values or Q values. Its parameters are in the
/// checkpoint under its name; config.json describes it under <c>attune_heads</c>, which transformers ignores:
/// <c>{"ilql_heads.q_heads.0": {"kind": "mlp", "outputs": 259}}</c>.
/// </summary>
public abstract class Head : Module
{
    const string Key = "attune_heads";

    private protected Head(long width) => Width = width;

    /// <summary>D, the channels of a hidden state.</summary>
    public long Width { get; }

    /// <summary>Whether no optimizer changes the head, such as a target Q head of ILQL.</summary>
    public bool IsFrozen { get; init; }

    /// <summary>(…, D) hidden states → (…), or (…, outputs) for several outputs.</summary>
    public abstract Tensor Forward(Tensor hidden);

    /// <summary>A new head of this shape, without memory.</summary>
    internal abstract Head EmptyLike();

    /// <summary>Copies the weights of a head of the same shape.</summary>
    internal void CopyFrom(Head other)
    {
        using var scope = TensorScope.Open();
        foreach (var (own, given) in Parameters.Zip(other.Parameters))
            own.Value = given.Value.Detach().Clone();
    }

    private protected abstract JsonObject Describe();

    /// <summary>The heads that a config.json describes, without memory.</summary>
    /// <exception cref="InvalidDataException">The description is invalid, or its kind is not supported.</exception>
    internal static IEnumerable<(string Name, Head Head)> FromConfig(ConfigReader config, long width) =>
        config.Inner(Key) is { } heads ? heads.Keys.Select(name => (name, Create(heads, name, width))) : [];

    /// <summary>Writes the description of heads into a config.json.</summary>
    internal static void WriteConfig(JsonObject config, IEnumerable<KeyValuePair<string, Head>> heads)
    {
        config.Remove(Key);
        if (new JsonObject(heads.Select(head => KeyValuePair.Create(head.Key, (JsonNode?)head.Value.Describe()))) is { Count: > 0 } json)
            config[Key] = json;
    }

    static Head Create(ConfigReader heads, string name, long width)
    {
        var json = heads.Inner(name) ?? throw new InvalidDataException($"{heads.Source}: '{name}' must be an object (was null)");
        return json.Text("kind") switch
        {
            ValueHead.Kind => new ValueHead(width),
            MlpHead.Kind => new MlpHead(width, json.Count("outputs")) { IsFrozen = json.Flag("frozen", absent: false) },
            var kind => throw new InvalidDataException(
                $"{json.Source}: heads of kind '{kind}' are not supported; supported kinds are {ValueHead.Kind} and {MlpHead.Kind}"),
        };
    }
}
