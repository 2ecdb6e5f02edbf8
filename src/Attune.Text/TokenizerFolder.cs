using Attune.Input;

namespace Attune.Text;

/// <summary>The files of a tokenizer in a Hugging Face folder.</summary>
static class TokenizerFolder
{
    const string TokenizerFile = "tokenizer.json";
    const string ConfigFile = "tokenizer_config.json";
    const string TemplateFile = "chat_template.jinja";
    const string TemplateFolder = "additional_chat_templates";

    static readonly string[] Parts = ["bos_token", "eos_token", "pad_token", "unk_token", "cls_token", "sep_token", "mask_token"];

    public static Tokenizer Load(string folder)
    {
        var (path, config) = (Path.Combine(folder, TokenizerFile), ReadConfig(folder));
        return File.Exists(path)
            ? Tokenizer.Create(InputFile.ReadText(path), path, config)
            : VocabularyFiles.Load(folder, config) ?? throw Missing(folder, path);
    }

    static Exception Missing(string folder, string path) => SentencePieceFile(folder) is { } model
        ? new InvalidDataException(
            $"{model} is a SentencePiece file, which is not supported, and the folder has no {TokenizerFile}; "
            + "load the tokenizer with transformers (AutoTokenizer.from_pretrained) and save it (save_pretrained), which writes one")
        : new FileNotFoundException(
            $"{Path.GetFullPath(folder)} has no {TokenizerFile}, no vocab.json with merges.txt, and no vocab.txt; "
            + "name a folder with a tokenizer, or train one", path);

    static string? SentencePieceFile(string folder) => Directory.Exists(folder)
        ? Directory.EnumerateFiles(folder).FirstOrDefault(file => Path.GetExtension(file) is ".model" or ".spm")
        : null;

    /// <summary>
    /// tokenizer_config.json, completed from special_tokens_map.json, with the templates of chat_template.jinja and
    /// additional_chat_templates, which take precedence.
    /// </summary>
    static TokenizerConfig ReadConfig(string folder)
    {
        var config = new TokenizerConfig(ReadIfThere(folder, ConfigFile), Path.Combine(folder, ConfigFile));
        if (ReadTemplates(folder) is { Count: > 0 } templates)
            config = config.WithChatTemplates(templates);
        if (ReadIfThere(folder, "special_tokens_map.json") is not { } json)
            return config;
        var map = new TokenizerConfig(json, Path.Combine(folder, "special_tokens_map.json"));
        var lacking = Parts.Where(part => config.Token(part) is null && map.Token(part) is not null);
        return config.With(lacking.Select(part => (part, map.Token(part))));
    }

    static Dictionary<string, string> ReadTemplates(string folder)
    {
        var sources = new Dictionary<string, string>(StringComparer.Ordinal);
        if (ReadIfThere(folder, TemplateFile) is { } template)
            sources[TokenizerConfig.DefaultTemplate] = template;
        var more = Path.Combine(folder, TemplateFolder);
        if (Directory.Exists(more))
            foreach (var file in Directory.EnumerateFiles(more, "*.jinja").Order(StringComparer.Ordinal))
                sources[Path.GetFileNameWithoutExtension(file)] = InputFile.ReadText(file);
        return sources;
    }

    static string? ReadIfThere(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        return File.Exists(path) ? InputFile.ReadText(path) : null;
    }

    /// <summary>
    /// Writes tokenizer.json and tokenizer_config.json, which has the chat template. Several templates are files, as transformers 5
    /// writes them.
    /// </summary>
    public static void Save(string folder, string tokenizerJson, TokenizerConfig config)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, TokenizerFile), tokenizerJson);
        File.Delete(Path.Combine(folder, TemplateFile));               // files of an earlier tokenizer would take precedence
        if (Path.Combine(folder, TemplateFolder) is var more && Directory.Exists(more))
            Directory.Delete(more, recursive: true);
        var templates = config.ChatTemplates;
        if (templates.Count > 1)
            config = config.WithChatTemplates(new Dictionary<string, string>(StringComparer.Ordinal));
        File.WriteAllText(Path.Combine(folder, ConfigFile), config.ToJson());
        if (templates.Count <= 1)
            return;
        Directory.CreateDirectory(more);
        foreach (var (name, source) in templates)
            File.WriteAllText(
                name == TokenizerConfig.DefaultTemplate ? Path.Combine(folder, TemplateFile) : Path.Combine(more, $"{name}.jinja"), source);
    }
}
