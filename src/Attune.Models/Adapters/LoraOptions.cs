using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;

namespace Attune.Models.Adapters;

/// <summary>Settings of a new LoRA adapter.</summary>
public sealed record LoraOptions : IValidatableObject
{
    /// <summary>r, the rank of the change of a weight; 0 for no adapter.</summary>
    [Range(0, double.PositiveInfinity)]
    public int Rank { get; init; }

    /// <summary>α: the change is scaled by α / r, so that a different rank needs no different learning rate.</summary>
    [Range(0, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double Alpha { get; init; } = 16;

    /// <summary>Dropout probability of the adapter's input, in training.</summary>
    [Range(0d, 1d, MaximumIsExclusive = true)]
    public double Dropout { get; init; }

    /// <summary>
    /// all-linear (every linear layer except the output head), module names or ends of names separated by commas, or a /regular
    /// expression/.
    /// </summary>
    public string Targets { get; init; } = "all-linear";

    /// <summary>Modules to exclude from targets: names separated by commas, or a /regular expression/.</summary>
    public string Exclude { get; init; } = "";

    /// <summary>Modules that are copied and trained in full: names separated by commas, such as lm_head.</summary>
    public string ModulesToSave { get; init; } = "";

    /// <summary>Scales the change by α / √r instead (rsLoRA, Kalajdzievski 2023), which suits high ranks.</summary>
    public bool RsLora { get; init; }

    /// <summary>Also trains the norm of every row of a weight (DoRA, Liu et al. 2024).</summary>
    public bool Dora { get; init; }

    /// <summary>
    /// Whether a run's result is the whole model with the adapter merged, and the adapter in a subfolder; otherwise only the adapter.
    /// </summary>
    public bool Merge { get; init; } = true;

    /// <summary>The module names in <see cref="ModulesToSave"/>.</summary>
    public IReadOnlyList<string> WholeModules => Names(ModulesToSave);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Names(Targets).Length == 0)
            yield return new("must be all-linear, names separated by commas, or a /regular expression/", [nameof(Targets)]);
    }

    /// <summary>The adapter_config.json for these settings.</summary>
    public JsonObject ToConfig() => new()
    {
        ["peft_type"] = "LORA",
        ["base_model_name_or_path"] = null,
        ["r"] = Rank,
        ["lora_alpha"] = Alpha,
        ["lora_dropout"] = Dropout,
        ["target_modules"] = Targets == "all-linear" ? Targets : NamesOrPattern(Targets),
        ["exclude_modules"] = Exclude.Length == 0 ? null : NamesOrPattern(Exclude),
        ["modules_to_save"] = WholeModules.Count == 0 ? null : ToJson(WholeModules),
        ["bias"] = "none",
        ["fan_in_fan_out"] = false,
        ["use_rslora"] = RsLora,
        ["use_dora"] = Dora,
        ["rank_pattern"] = new JsonObject(),
        ["alpha_pattern"] = new JsonObject(),
        ["layers_to_transform"] = null,
        ["layers_pattern"] = null,
        ["init_lora_weights"] = true,
        ["inference_mode"] = true,
    };

    static JsonNode NamesOrPattern(string text) => text is ['/', .. var pattern, '/'] ? pattern : ToJson(Names(text));

    static JsonArray ToJson(IEnumerable<string> names) => new([.. names.Select(name => (JsonNode)name)]);

    static string[] Names(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
