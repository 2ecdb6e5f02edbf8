using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Attune.Input;
using Attune.Reporting.Charts;
using Attune.Reporting.Runs;
using YamlDotNet.RepresentationModel;

namespace Attune.Reporting.Reports;

/// <summary>
/// The model card of a run's result: README.md with the YAML that the Hugging Face Hub reads (https://huggingface.co/docs/hub/model-cards).
/// It has no license, because a run does not know that of its base model and data. Paths in it are names of files without folders.
/// </summary>
public static partial class ModelCard
{
    const string FileName = "README.md";

    /// <summary>Writes the card of a run's model into the model's folder.</summary>
    public static void Write(string model, RunFolder run, MethodDescription method)
    {
        var recipe = ReadRecipe(run);
        var baseModel = BaseModel(recipe);
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(run.Path)));
        File.WriteAllText(Path.Combine(model, FileName), $"""
            ---
            {string.Join('\n', FrontMatter(model, method, baseModel, HubNamesOf(recipe, "data")))}
            ---

            # {name}

            {Origin(method, baseModel)}

            {string.Concat(Data(run).Concat(Figures(run, method)).Append(Usage(model, method)))}
            ## Recipe

            ```yaml
            {WithoutFolders(run.HasStarted ? InputFile.ReadText(run.Recipe) : "").TrimEnd()}
            ```

            """);
    }

    static YamlMappingNode? ReadRecipe(RunFolder run)
    {
        if (!run.HasStarted)
            return null;
        using var reader = new StringReader(InputFile.ReadText(run.Recipe));
        return BoundedYaml.Load(reader) as YamlMappingNode;
    }

    /// <summary>The name on the Hub of the model that the run started from, or, if that is a run's model, of the one in its card.</summary>
    static string? BaseModel(YamlMappingNode? recipe)
    {
        if (TextOf(recipe, "model") is not { Length: > 0 } path)
            return null;
        if (HubName(path) is { } name)
            return name;
        var card = Path.Combine(path, FileName);
        var lines = File.Exists(card) ? InputFile.ReadLines(card).Take(20) : [];
        return lines.Select(line => BaseModelLine().Match(line)).FirstOrDefault(match => match.Success)?.Groups["name"].Value;
    }

    static string? TextOf(YamlMappingNode? node, string key) =>
        node?.Children.TryGetValue(new YamlScalarNode(key), out var value) == true ? (value as YamlScalarNode)?.Value : null;

    /// <summary>The names of data sets of the Hub under a key.</summary>
    static IEnumerable<string> HubNamesOf(YamlMappingNode? recipe, string key) =>
        recipe?.Children.TryGetValue(new YamlScalarNode(key), out var section) == true
            ? section.AllNodes.OfType<YamlScalarNode>().Select(node => HubName(node.Value ?? "")).OfType<string>()
                .Distinct(StringComparer.Ordinal)
            : [];

    /// <summary>OWNER/NAME of a path in the Hub's cache.</summary>
    static string? HubName(string path) =>
        InHubCache().Match(path) is { Success: true } match ? $"{match.Groups["owner"].Value}/{match.Groups["name"].Value}" : null;

    static IEnumerable<string> FrontMatter(string model, MethodDescription method, string? baseModel, IEnumerable<string> datasets)
    {
        var isAdapter = !File.Exists(Path.Combine(model, "config.json"));
        yield return $"library_name: {(isAdapter ? "peft" : "transformers")}";
        yield return $"pipeline_tag: {Task(model, method)}";
        if (baseModel is not null)
        {
            yield return $"base_model: {baseModel}";
            yield return $"base_model_relation: {(isAdapter ? "adapter" : "finetune")}";
        }
        if (datasets.Any())
            yield return "datasets:";
        foreach (var dataset in datasets)
            yield return $"- {dataset}";
        yield return "tags:";
        foreach (var tag in new[] { "attune", "rlhf", method.Name })
            yield return $"- {tag}";
    }

    /// <summary>The Hub's name of what the model's class does.</summary>
    static string Task(string model, MethodDescription method) => ClassOf(model) switch
    {
        { } name when name.EndsWith("ForMaskedLM", StringComparison.Ordinal) => "fill-mask",
        { } name when name.EndsWith("ForConditionalGeneration", StringComparison.Ordinal) => "text2text-generation",
        { } name when name.EndsWith("ForTokenClassification", StringComparison.Ordinal) => "token-classification",
        _ => method.MakesRewardModel ? "text-classification" : "text-generation",
    };

    static string? ClassOf(string model) => Path.Combine(model, "config.json") is var config && File.Exists(config)
        ? (string?)(JsonInput.ReadObject(config)["architectures"] as JsonArray)?.FirstOrDefault()
        : null;

    static string Origin(MethodDescription method, string? baseModel) =>
        $"{(baseModel is null ? "Trained" : $"[{baseModel}](https://huggingface.co/{baseModel}), trained")} with Attune's method "
        + $"`{method.Name}`: {method.Summary}.";

    static IEnumerable<string> Data(RunFolder run)
    {
        if (!File.Exists(run.Data))
            yield break;
        yield return "## Data\n\n| | file | rows | SHA-256 of the rows |\n|---|---|---|---|\n";
        foreach (var (key, file) in JsonInput.ReadObject(run.Data))
            yield return $"| {key} | {NameOf((string?)file?["path"] ?? "")} | {(long?)file?["rows"]:N0} | `{(string?)file?["sha256"]}` |\n";
        yield return "\n";
    }

    static string NameOf(string path) => HubName(path) is { } name ? $"{name}/{Path.GetFileName(path)}" : Path.GetFileName(path);

    /// <summary>The first and the last value of held-out metrics, or of all where there is no held-out data.</summary>
    static IEnumerable<string> Figures(RunFolder run, MethodDescription method)
    {
        var record = RunRecord.Read(run);
        var rows = record.Metrics.Select(metric => (Metric: MetricGuide.Find(metric.Name, method), metric.Points))
            .Where(row => MetricGuide.IsMain(row.Metric, method)).OrderBy(row => row.Metric.Rank).ToList();
        var shown = rows.Exists(row => row.Metric.IsHeldOut) ? rows.Where(row => row.Metric.IsHeldOut).ToList() : rows;
        if (shown.Count == 0)
            yield break;
        yield return $"## Results\n\nAfter {record.Steps:N0} steps{(record.Duration is { } time ? $", {NumberFormat.Duration(time)}" : "")}"
            + $"{(shown[0].Metric.IsHeldOut ? ", on held-out data" : "")}:\n\n| metric | first | last |\n|---|---|---|\n";
        foreach (var (metric, points) in shown)
            yield return $"| {metric.Title} | {Value(metric, points[0])} | {Value(metric, points[^1])} |\n";
        yield return "\n";
    }

    static string Value(Metric metric, Point point) => metric.Unit switch
    {
        "%" => $"{NumberFormat.Number(point.Y * metric.Scale)} %",
        "" => NumberFormat.Number(point.Y),
        var unit => $"{NumberFormat.Number(point.Y)} {unit}",
    };

    static string Usage(string model, MethodDescription method)
    {
        var loader = !File.Exists(Path.Combine(model, "config.json")) ? null : Task(model, method) switch
        {
            "fill-mask" => "AutoModelForMaskedLM",
            "text2text-generation" => "AutoModelForSeq2SeqLM",
            "token-classification" => "AutoModelForTokenClassification",
            "text-classification" => "AutoModelForSequenceClassification",
            _ => "AutoModelForCausalLM",
        };
        return loader is null ? "" : $"""
            ## Usage

            ```python
            from transformers import AutoTokenizer, {loader}

            model = {loader}.from_pretrained("PATH")
            tokenizer = AutoTokenizer.from_pretrained("PATH")
            ```

            """;
    }

    static string WithoutFolders(string recipe) => FullPath().Replace(recipe, match => $"\"{NameOf(match.Groups["path"].Value)}\"");

    [GeneratedRegex(@"(?:models|datasets)--(?<owner>[^/]+)--(?<name>[^/]+)/snapshots/", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex InHubCache();

    [GeneratedRegex(@"^base_model: (?<name>\S+)$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex BaseModelLine();

    [GeneratedRegex(@"""(?<path>/[^""\n]*)""", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FullPath();
}
