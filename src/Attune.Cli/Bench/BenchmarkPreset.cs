using Attune.Models.Families;

namespace Attune.Cli.Bench;

/// <summary>A batch of prompts of one length with responses of one length.</summary>
sealed record Exchange(int Batch, int Prompt, int Response)
{
    /// <summary>Tokens of all prompts and responses.</summary>
    public long Tokens => (long)Batch * (Prompt + Response);

    public long ResponseTokens => (long)Batch * Response;
}

/// <summary>The size of a model, and the batch of each job.</summary>
/// <param name="Name">A letter.</param>
/// <param name="Shape">The shape of the language model, the reward model and a separate critic.</param>
/// <param name="Vocabulary">The size of the vocabulary.</param>
/// <param name="Ppo">Prompts and responses of a PPO or GRPO step.</param>
/// <param name="Generate">Prompts and responses of the generate job.</param>
/// <param name="Texts">Texts of an sft step, and pairs of a reward or dpo step.</param>
/// <param name="TextLength">Tokens of a text, and of each side of a pair.</param>
/// <param name="Dtype">The data type of matrix products.</param>
sealed record BenchmarkPreset(
    string Name, ModelShape Shape, int Vocabulary, Exchange Ppo, Exchange Generate, int Texts, int TextLength, string Dtype = "float32")
{
    /// <summary>T for tests, S and M for CPUs (M has the shape of DistilGPT2), L for GPUs (the shape of GPT-2).</summary>
    public static IReadOnlyList<BenchmarkPreset> All { get; } =
    [
        new("T", Gpt2(layers: 1, width: 32, heads: 2, context: 64), 64, new(8, 4, 8), new(8, 4, 8), Texts: 4, TextLength: 16),
        new("S", Gpt2(layers: 4, width: 256, heads: 4, context: 512), 4096, new(64, 16, 48), new(64, 16, 48), Texts: 16, TextLength: 128),
        new("M", Gpt2(layers: 6, width: 768, heads: 12, context: 1024), 50257, new(16, 32, 32), new(16, 32, 64), Texts: 4, TextLength: 128),
        new(
            "L", Gpt2(layers: 12, width: 768, heads: 12, context: 1024), 50257, new(128, 128, 128), new(128, 128, 128),
            Texts: 32, TextLength: 256, "bfloat16"),
    ];

    /// <exception cref="InvalidDataException">There is no preset of this name.</exception>
    public static BenchmarkPreset Named(string name) => All.FirstOrDefault(preset => preset.Name == name)
        ?? throw new InvalidDataException(
            $"--preset must be one of {string.Join(", ", All.Select(preset => preset.Name))} (was '{name}').");

    /// <summary>Both responses of the pairs of a dpo step: a quarter of each text is the prompt.</summary>
    public Exchange Pairs => new(2 * Texts, TextLength / 4, TextLength - TextLength / 4);

    static ModelShape Gpt2(int layers, int width, int heads, int context) =>
        new() { Family = "gpt2", Layers = layers, Width = width, Heads = heads, Context = context };
}
