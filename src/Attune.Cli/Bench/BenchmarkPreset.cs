using Attune.Models.Families;

namespace Attune.Cli.Bench;

/// <summary>Prompts of one length with answers of one length.</summary>
sealed record Exchange(int Batch, int Prompt, int Response)
{
    /// <summary>Tokens of all prompts and answers.</summary>
    public long Tokens => (long)Batch * (Prompt + Response);

    public long ResponseTokens => (long)Batch * Response;
}

/// <summary>The size of a model, and what each job does with it at a step.</summary>
/// <param name="Name">A letter.</param>
/// <param name="Shape">Of the language model; the reward model and a value model have the same.</param>
/// <param name="Vocabulary">Tokens.</param>
/// <param name="Ppo">What is asked and answered.</param>
/// <param name="Generate">The same for sampling alone.</param>
/// <param name="Texts">Texts of a step of fine-tuning, and pairs of one of reward modelling.</param>
/// <param name="TextLength">Tokens of a text, and of either side of a pair.</param>
/// <param name="Dtype">What matrix products compute in.</param>
sealed record BenchmarkPreset(
    string Name, ModelShape Shape, int Vocabulary, Exchange Ppo, Exchange Generate, int Texts, int TextLength, string Dtype = "float32")
{
    /// <summary>T is for tests; S and M are of a size for CPUs, M as DistilGPT2, L as GPT-2 on a GPU.</summary>
    public static IReadOnlyList<BenchmarkPreset> All { get; } =
    [
        new("T", Gpt2(layers: 1, width: 32, heads: 2, context: 64), 64, new(8, 4, 8), new(8, 4, 8), Texts: 4, TextLength: 16),
        new("S", Gpt2(layers: 4, width: 256, heads: 4, context: 512), 4096, new(64, 16, 48), new(64, 16, 48), Texts: 16, TextLength: 128),
        new("M", Gpt2(layers: 6, width: 768, heads: 12, context: 1024), 50257, new(16, 32, 32), new(16, 32, 64), Texts: 4, TextLength: 128),
        new("L", Gpt2(layers: 12, width: 768, heads: 12, context: 1024), 50257, new(128, 128, 128), new(128, 128, 128), Texts: 32, TextLength: 256, "bfloat16"),
    ];

    /// <exception cref="InvalidDataException">There is none of this name.</exception>
    public static BenchmarkPreset Named(string name) => All.FirstOrDefault(preset => preset.Name == name)
        ?? throw new InvalidDataException($"a preset ({string.Join(", ", All.Select(preset => preset.Name))}) was expected, found '{name}'");

    static ModelShape Gpt2(int layers, int width, int heads, int context) =>
        new() { Family = "gpt2", Layers = layers, Width = width, Heads = heads, Context = context };
}
