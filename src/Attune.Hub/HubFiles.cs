using System.IO.Enumeration;

namespace Attune.Hub;

/// <summary>Which files of a repository are downloaded: weights as safetensors, data, and text; no pickles and no programs.</summary>
public static class HubFiles
{
    static readonly string[] ModelTexts = [".json", ".txt", ".model", ".jinja", ".md"];
    static readonly string[] DataKinds = [".parquet", ".jsonl", ".json", ".csv", ".tsv", ".txt"];

    /// <summary>The files of a model that Attune reads: weights once, settings, tokenizer and templates.</summary>
    /// <exception cref="InvalidDataException">The repository has no safetensors weights.</exception>
    public static IReadOnlyList<string> OfModel(HubRepository repository, IReadOnlyList<string> files)
    {
        var weights = Weights(files);
        if (weights.Count == 0)
            throw new InvalidDataException(
                files.FirstOrDefault(IsPickle) is { } pickle
                    ? $"{repository} has its weights in {pickle} only, a pickle, which can run code when it is read; only safetensors "
                        + $"is supported. Some repositories have a conversion as a revision: try `{Command(repository, "refs/pr/1")}`"
                    : $"{repository} has no model.safetensors, model.safetensors.index.json or adapter_model.safetensors: it is not a "
                        + "model that can be loaded");
        return [.. files.Where(IsTextOfAModel), .. weights];

        static string Command(HubRepository repository, string revision) => (repository with { Revision = revision }).Command;
    }

    /// <summary>The data files of a repository, or those that match patterns.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="files">All its files.</param>
    /// <param name="patterns">Names, in which * stands for any text; none for all data files.</param>
    /// <exception cref="InvalidDataException">There is none.</exception>
    public static IReadOnlyList<string> OfDataset(HubRepository repository, IReadOnlyList<string> files, IReadOnlyList<string> patterns)
    {
        var data = files.Where(IsData).ToList();
        if (data.Count == 0)
            throw new InvalidDataException(
                $"{repository} has no files of a kind that is read ({string.Join(", ", DataKinds)}, and .gz and .zst of them)");
        var chosen = patterns.Count == 0
            ? data
            : [.. data.Where(name => patterns.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, name)))];
        return chosen.Count > 0
            ? [.. files.Where(name => name == "README.md"), .. chosen]
            : throw new InvalidDataException(
                $"no data file of {repository} matches {string.Join(", ", patterns)}; it has {string.Join(", ", data.Take(20))}"
                + (data.Count > 20 ? $" and {data.Count - 20} more" : ""));
    }

    /// <summary>Whether a file holds examples.</summary>
    public static bool IsData(string name)
    {
        var plain = name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".zst", StringComparison.OrdinalIgnoreCase)
            ? Path.GetFileNameWithoutExtension(name)
            : name;
        return DataKinds.Contains(Path.GetExtension(plain), StringComparer.OrdinalIgnoreCase)
            && Path.GetFileName(name) is not ("dataset_infos.json" or "dataset_info.json" or "state.json" or "requirements.txt")
            && !name.StartsWith('.');
    }

    /// <summary>The weights that are loaded: one file, else the shards of an index, and an adapter's.</summary>
    static List<string> Weights(IReadOnlyList<string> files)
    {
        var whole = files.Contains("model.safetensors")
            ? ["model.safetensors"]
            : files.Contains("model.safetensors.index.json") ? files.Where(IsShard) : [];
        return [.. whole, .. files.Where(name => name is "adapter_model.safetensors" or "heads/heads.safetensors")];
    }

    static bool IsShard(string name) => FileSystemName.MatchesSimpleExpression("model-*-of-*.safetensors", name);

    static bool IsPickle(string name) =>
        !name.Contains('/') && Path.GetExtension(name) is ".bin" or ".pt" or ".pth" or ".ckpt" && name != "training_args.bin";

    static bool IsTextOfAModel(string name) =>
        ModelTexts.Contains(Path.GetExtension(name)) && !name.StartsWith('.')
        && (!name.Contains('/') || name.StartsWith("additional_chat_templates/", StringComparison.Ordinal));
}
