namespace Attune.Text;

/// <summary>The files of a tokenizer as Hugging Face lays them out.</summary>
static class TokenizerFolder
{
    const string TokenizerFile = "tokenizer.json";
    const string ConfigFile = "tokenizer_config.json";

    static readonly string[] Parts = ["bos_token", "eos_token", "pad_token", "unk_token", "cls_token", "sep_token", "mask_token"];

    public static Tokenizer Load(string folder)
    {
        var path = Path.Combine(folder, TokenizerFile);
        if (!File.Exists(path))
            throw new FileNotFoundException(
                $"there is no {TokenizerFile} in {Path.GetFullPath(folder)}; give a folder that holds one, or train a tokenizer. "
                + "(A checkpoint with only vocab.json and merges.txt gets one when transformers loads and saves its tokenizer.)", path);
        return Tokenizer.Create(File.ReadAllText(path), path, ReadConfig(folder));
    }

    /// <summary>tokenizer_config.json with what it lacks taken from special_tokens_map.json and chat_template.jinja.</summary>
    static TokenizerConfig ReadConfig(string folder)
    {
        var config = new TokenizerConfig(ReadIfThere(folder, ConfigFile), Path.Combine(folder, ConfigFile));
        if (config.ChatTemplate is null && ReadIfThere(folder, "chat_template.jinja") is { } template)
            config = config.With(("chat_template", template));
        if (ReadIfThere(folder, "special_tokens_map.json") is not { } json)
            return config;
        var map = new TokenizerConfig(json, Path.Combine(folder, "special_tokens_map.json"));
        var lacking = Parts.Where(part => config.Token(part) is null && map.Token(part) is not null);
        return config.With(lacking.Select(part => (part, map.Token(part))));
    }

    static string? ReadIfThere(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        return File.Exists(path) ? File.ReadAllText(path) : null;
    }

    public static void Save(string folder, string tokenizerJson, string configJson)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, TokenizerFile), tokenizerJson);
        File.WriteAllText(Path.Combine(folder, ConfigFile), configJson);
    }
}
