using Attune.Models;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Testing.Models;

/// <summary>Models with a few thousand random weights, for quick tests.</summary>
public static class TinyModel
{
    public const int Eos = 0;
    public const int Pad = 1;
    public const int Vocabulary = 32;

    public static LanguageModel Gpt2(ulong seed = 1) =>
        Create(new ModelShape { Family = "gpt2", Layers = 2, Width = 32, Heads = 4, Context = 48 }, seed);

    public static LanguageModel Llama(ulong seed = 1) =>
        Create(new ModelShape { Family = "llama", Layers = 2, Width = 32, Heads = 4, KeyHeads = 2, Context = 48, TieEmbeddings = false },
            seed);

    public static LanguageModel Bert(ulong seed = 1) =>
        Create(new ModelShape { Family = "bert", Layers = 2, Width = 32, Heads = 4, Context = 48 }, seed);

    public static LanguageModel T5(ulong seed = 1) =>
        Create(new ModelShape { Family = "t5", Layers = 2, Width = 32, Heads = 4, Context = 48 }, seed);

    public static LanguageModel Of(string family, ulong seed = 1) => family switch
    {
        "gpt2" => Gpt2(seed),
        "llama" => Llama(seed),
        "bert" => Bert(seed),
        _ => T5(seed),
    };

    public static RewardModel Reward(ulong seed = 1)
    {
        using var random = new RandomSource(seed);
        return Sharpen(Pretrained.NewRewardModel(Shape().ToConfig(Vocabulary, Eos, Eos, Pad), random), random);
    }

    static LanguageModel Create(ModelShape shape, ulong seed)
    {
        using var random = new RandomSource(seed);
        return Sharpen(Pretrained.NewLanguageModel(shape.ToConfig(Vocabulary, Eos, Eos, Pad), random), random);
    }

    static ModelShape Shape() => new() { Family = "gpt2", Layers = 2, Width = 32, Heads = 4, Context = 48 };

    /// <summary>The default initialisation gives nearly uniform outputs; larger weights make attention and logits differ.</summary>
    static T Sharpen<T>(T model, RandomSource random) where T : Module
    {
        foreach (var (name, parameter) in model.NamedParameters())
            if (parameter.Shape.Length > 1 && !name.StartsWith("v_head", StringComparison.Ordinal))
                parameter.Value.NormalInPlace(0, 0.2, random);
        return model;
    }
}
