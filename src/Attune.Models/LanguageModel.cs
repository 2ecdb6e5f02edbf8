using System.Text.Json.Nodes;
using Attune.Models.Backbones;
using Attune.Models.Families;
using Attune.Models.Heads;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models;

/// <summary>A language model, causal or masked: a backbone, an output head, and optional further heads with names.</summary>
public sealed class LanguageModel : Module
{
    readonly OutputHead outputHead;
    readonly OrderedDictionary<string, Head> heads = new(StringComparer.Ordinal);

    internal LanguageModel(JsonObject config, string backboneName, Backbone backbone, OutputHead outputHead)
    {
        Config = config;
        Backbone = Register(backboneName, backbone);
        this.outputHead = Register("", outputHead);
    }

    /// <summary>The config.json of the checkpoint, unused keys included.</summary>
    public JsonObject Config { get; }

    /// <summary>The generation_config.json of the checkpoint, if it has one. It is saved unchanged.</summary>
    public JsonObject? GenerationConfig { get; set; }

    /// <summary>The end-of-sequence tokens in generation_config.json, or else in config.json. Chat models may have several.</summary>
    public IReadOnlyList<int> EosIds => (GenerationConfig?["eos_token_id"] ?? Config["eos_token_id"]) switch
    {
        JsonArray ids => [.. ids.OfType<JsonValue>().SelectMany(Token)],
        JsonValue id => [.. Token(id)],
        _ => [],
    };

    public Backbone Backbone { get; }

    /// <summary>The heads in addition to the output head, by name. They are saved and loaded with the model.</summary>
    public IReadOnlyDictionary<string, Head> Heads => heads;

    /// <summary>Estimates the return at each token. PPO adds one; a checkpoint may have one.</summary>
    public ValueHead? ValueHead => heads.GetValueOrDefault(ValueHead.Name) as ValueHead;

    /// <summary>How the model generates by default with the Q heads of ILQL; null without them. It is saved with the model.</summary>
    public AdvantageShift? Advantage { get; set; }

    internal OutputHead OutputHead => outputHead;

    /// <summary>Whether the output matrix is the token embedding.</summary>
    internal bool IsTied => ModelFamily.IsTied(new(Config, "config.json"));

    public Device Device => Backbone.TokenEmbedding.Value.Device;

    /// <summary>(B, T) tokens → (B, T, D) hidden states.</summary>
    public Tensor HiddenStates(ModelInput input, KvCache? cache = null) => Backbone.Forward(input, cache);

    /// <summary>
    /// (…, D) hidden states → (…, V) logits in a type: of the next token, or of the token itself for a masked language model. null: the
    /// type of the product, for callers that read each logit once.
    /// </summary>
    public Tensor Logits(Tensor hidden, DType? dtype = DType.Float32) =>
        outputHead.Logits(hidden) is var logits && dtype is { } wanted ? logits.To(wanted) : logits;

    /// <summary>Sets the type of the backbone's and the output head's matrix products; other heads compute in float32.</summary>
    public override void ComputeIn(DType dtype)
    {
        Backbone.ComputeIn(dtype);
        outputHead.ComputeIn(dtype);
    }

    /// <summary>The trainable parameters that <see cref="Logits"/> depends on, besides the hidden states.</summary>
    public IReadOnlyList<Parameter> TrainableOutput =>
    [
        .. outputHead.Parameters.Append(Backbone.TokenEmbedding)
            .Concat(outputHead.NamedModules().SelectMany(module => (module.Value as Linear)?.Adapter?.Parameters ?? []))
            .Where(parameter => parameter.Trainable),
    ];

    IEnumerable<int> Token(JsonValue id) => id.TryGetValue(out int token) && token >= 0 && token < Backbone.VocabularySize ? [token] : [];

    /// <summary>Adds a head, which is trained in full and saved with the model. Initialise or load it before use.</summary>
    /// <param name="name">The prefix of its parameters' names.</param>
    /// <param name="head">A head for hidden states of the model's width.</param>
    /// <exception cref="ArgumentException">The name is not valid or already in use, or the head has another width.</exception>
    public T AddHead<T>(string name, T head) where T : Head
    {
        if (Misfit(name, head) is { } problem)
            throw new ArgumentException(problem);
        heads.Add(name, Register(name, head));
        head.ComputeIn(DType.Float32);
        return head;
    }

    /// <summary>The value head; adds one without memory if there is none. Initialise or load it before use.</summary>
    public ValueHead AddValueHead() => ValueHead ?? AddHead(ValueHead.Name, new ValueHead(Backbone.Width));

    /// <summary>Removes a head if the model has it.</summary>
    public void RemoveHead(string name)
    {
        if (heads.Remove(name, out var head))
            Unregister(head);
    }

    /// <summary>Adds the heads of a config.json or an adapter_config.json that the model does not have, without memory.</summary>
    /// <returns>The names of the described heads' parameters.</returns>
    /// <exception cref="InvalidDataException">The description is invalid or does not match the model.</exception>
    internal IReadOnlyList<string> AddHeads(ConfigReader config)
    {
        var described = Head.FromConfig(config, Backbone.Width).ToList();
        foreach (var (name, head) in described.Where(entry => !heads.ContainsKey(entry.Name)))
            AddHead(name, Misfit(name, head) is { } problem ? throw new InvalidDataException($"{config.Source}: {problem}") : head);
        Advantage = AdvantageShift.FromConfig(config) ?? Advantage;
        if (Advantage is not null && IlqlHeads.Of(this) is null)
            throw new InvalidDataException($"{config.Source}: 'attune_advantage' needs the heads of ILQL, which 'attune_heads' describes");
        return [.. described.SelectMany(entry => entry.Head.NamedParameters().Select(own => $"{entry.Name}.{own.Name}"))];
    }

    string? Misfit(string name, Head head) => name switch
    {
        _ when name.Length == 0 || !name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '.') =>
            $"the name of a head must consist of letters, digits, '_', '-' and '.' (was '{name}')",
        _ when NamedParameters().Any(own => own.Name.StartsWith(name + '.', StringComparison.Ordinal)) =>
            $"a head cannot be named '{name}': the model already has parameters of that name",
        _ when name == ValueHead.Name && head.GetType() != typeof(ValueHead) => $"the head '{name}' must be a value head",
        _ when head.Width != Backbone.Width =>
            $"the head '{name}' must have the model's width, {Backbone.Width} (was {head.Width})",
        _ => null,
    };
}
