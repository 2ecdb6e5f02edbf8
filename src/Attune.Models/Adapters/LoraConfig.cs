using System.Text.RegularExpressions;
using Attune.Models.Families;

namespace Attune.Models.Adapters;

/// <summary>Which biases of the base model are trained.</summary>
enum LoraBias
{
    None,
    All,

    /// <summary>Only the biases of adapted layers.</summary>
    LoraOnly,
}

/// <summary>The settings of PEFT's adapter_config.json that change the result. It is untrusted input.</summary>
sealed record LoraConfig
{
    /// <summary>Settings of methods that extend LoRA and are not supported.</summary>
    static readonly string[] Refused =
    [
        "alora_invocation_tokens", "arrow_config", "kasa_config", "layer_replication", "lora_bias", "monteclora_config",
        "target_parameters",
        "trainable_token_indices", "use_bdlora", "use_qalora", "velora_config",
    ];

    readonly ConfigReader json;

    LoraConfig(ConfigReader json) => this.json = json;

    public required long Rank { get; init; }
    public required double Alpha { get; init; }
    public required double Dropout { get; init; }
    public required bool ScaleByRoot { get; init; }
    public required bool HasMagnitude { get; init; }
    public required LoraBias Bias { get; init; }
    public required IReadOnlyList<string> Targets { get; init; }
    public required IReadOnlyList<string> Excluded { get; init; }
    public required IReadOnlyList<string> SavedModules { get; init; }
    public required IReadOnlyDictionary<string, double> Ranks { get; init; }
    public required IReadOnlyDictionary<string, double> Alphas { get; init; }
    public required double[] Layers { get; init; }
    public required IReadOnlyList<string> LayerLists { get; init; }

    /// <exception cref="InvalidDataException">A setting is missing, invalid, or of an unsupported method.</exception>
    public static LoraConfig Read(ConfigReader json)
    {
        if (json.Text("peft_type", "LORA") is var type and not "LORA")
            throw new InvalidDataException($"{json.Source}: adapters of type '{type}' are not supported; 'peft_type' must be LORA");
        if (Array.Find(Refused, json.IsSet) is { } refused)
            throw new InvalidDataException($"{json.Source}: '{refused}' is not supported; LoRA, rsLoRA and DoRA are");
        if (!json.IsText("target_modules") && json.Texts("target_modules").Count == 0)
            throw new InvalidDataException($"{json.Source}: 'target_modules' must name at least one module");
        var start = json.IsText("init_lora_weights") ? json.Text("init_lora_weights") : "";
        if (start is not ("" or "gaussian" or "orthogonal"))
            throw new InvalidDataException(
                $"{json.Source}: 'init_lora_weights' is '{start}', which changes the base model; convert the adapter to plain LoRA first");
        return new(json)
        {
            Rank = json.Count("r", 8),
            Alpha = json.Number("lora_alpha", 8),
            Dropout = json.Probability("lora_dropout", 0),
            ScaleByRoot = json.Flag("use_rslora", false),
            HasMagnitude = json.Flag("use_dora", false),
            Bias = json.Text("bias", "none") switch
            {
                "none" => LoraBias.None,
                "all" => LoraBias.All,
                "lora_only" => LoraBias.LoraOnly,
                var other => throw new InvalidDataException($"{json.Source}: 'bias' must be none, all or lora_only (was '{other}')"),
            },
            Targets = json.Texts("target_modules"),
            Excluded = json.Texts("exclude_modules"),
            SavedModules = json.Texts("modules_to_save"),
            Ranks = json.NamedNumbers("rank_pattern"),
            Alphas = json.NamedNumbers("alpha_pattern"),
            Layers = json.NumberOrNumbers("layers_to_transform"),
            LayerLists = json.Texts("layers_pattern"),
        };
    }

    /// <summary>
    /// Whether every linear layer of the backbone is adapted (<c>all-linear</c>); PEFT replaces this by the names of the layers.
    /// </summary>
    public bool TargetsAllLinear => json.IsText("target_modules") && Targets[0].Equals("all-linear", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a module is adapted, by the rules of PEFT.</summary>
    /// <param name="module">The module's full name.</param>
    /// <param name="isInner">Whether it is a linear layer of the backbone, as <c>all-linear</c> selects.</param>
    public bool IsTarget(string module, bool isInner)
    {
        var isExcluded = json.IsText("exclude_modules")
            ? IsMatch(Excluded[0], module)
            : Excluded.Any(name => EndsWith(module, name));
        if (Excluded.Count > 0 && isExcluded)
            return false;
        if (SavedModules.Any(name => $".{module}.".Contains($".{name}.", StringComparison.Ordinal)))
            return false;
        if (json.IsText("target_modules"))
            return TargetsAllLinear ? isInner : IsMatch(Targets[0], module);
        return Targets.Contains(module) || (Targets.Any(name => EndsWith(module, name)) && IsInWantedLayer(module));
    }

    /// <summary>Whether a full copy of a module is trained.</summary>
    public bool IsSaved(string module) => SavedModules.Any(name => module.EndsWith(name, StringComparison.Ordinal));

    /// <summary>The low-rank change of one layer.</summary>
    public LoraLayer NewLayer(string module, Layers.Linear layer)
    {
        var rank = (long)ByPattern(Ranks, module, Rank);
        var alpha = ByPattern(Alphas, module, Alpha);
        return rank > 0
            ? new(layer, rank, alpha / (ScaleByRoot ? Math.Sqrt(rank) : rank), Dropout, HasMagnitude)
            : throw new InvalidDataException($"{json.Source}: the rank of {module} in 'rank_pattern' must be at least 1 (was {rank})");
    }

    /// <summary>The value of the first pattern that matches the end of the name.</summary>
    double ByPattern(IReadOnlyDictionary<string, double> patterns, string module, double otherwise)
    {
        foreach (var (pattern, value) in patterns)
            if (IsMatch($@"(?:.*\.)?(?:{pattern})", module))
                return value;
        return otherwise;
    }

    /// <summary>Whether the layer number in a name such as <c>model.layers.3.mlp</c> is in <c>layers_to_transform</c>.</summary>
    bool IsInWantedLayer(string module)
    {
        if (Layers.Length == 0)
            return true;
        var lists = LayerLists.Count == 0 ? [@"[^.]*"] : LayerLists;
        var layer = lists.Select(list => Match($@".*\.(?:{list})\.(?<layer>\d+)\..*", module)).FirstOrDefault(match => match.Success);
        return layer is not null && double.TryParse(layer.Groups["layer"].ValueSpan, out var number) && Layers.Contains(number);
    }

    static bool EndsWith(string module, string name) => module == name || module.EndsWith("." + name, StringComparison.Ordinal);

    bool IsMatch(string pattern, string module) => Match(pattern, module).Success;

    Match Match(string pattern, string module)
    {
        try
        {
            return Regex.Match(module, $@"\A(?:{pattern})\z", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        }
        catch (Exception error) when (error is ArgumentException or RegexMatchTimeoutException)
        {
            throw new InvalidDataException($"{json.Source}: the pattern '{pattern}' is not valid: {error.Message}", error);
        }
    }
}
