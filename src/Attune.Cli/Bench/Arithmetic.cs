using Attune.Training.Policies;

namespace Attune.Cli.Bench;

/// <summary>
/// The floating-point operations that a step needs at least: 2 for each weight and token in the forward pass, and twice that in the
/// backward pass. Attention scores, norms, losses and the optimizer are not counted.
/// </summary>
static class Arithmetic
{
    const int ForwardAndBackward = 3;

    public static double ForStep(BenchmarkOptions options)
    {
        var preset = options.Preset;
        var texts = (double)preset.Texts * preset.TextLength;
        return options.Job switch
        {
            "ppo" => Ppo(preset, options.Critic),
            "grpo" => Generate(preset, preset.Ppo, BenchmarkJobs.GroupSize) + ForwardAndBackward * Generate(preset, preset.Ppo),
            "generate" => Generate(preset, preset.Generate),
            "sft" => ForwardAndBackward * texts * (Body(preset) + Output(preset)),
            "dpo" => (1 + ForwardAndBackward) * Generate(preset, preset.Pairs),
            _ => ForwardAndBackward * 2 * texts * Body(preset),
        };
    }

    /// <summary>
    /// Generates responses once. The reference, the reward model and a separate critic each take one forward pass; the policy and the
    /// critic take a forward and a backward pass in every epoch.
    /// </summary>
    static double Ppo(BenchmarkPreset preset, CriticKind critic)
    {
        var learning = ForwardAndBackward * BenchmarkJobs.PpoEpochs;
        var reading = preset.Ppo.Tokens * Body(preset);
        return Generate(preset, preset.Ppo) * (2 + learning) + reading + (critic == CriticKind.Model ? reading * (1 + learning) : 0);
    }

    /// <summary>A forward pass over every token, with logits for the tokens of the responses only.</summary>
    /// <param name="preset">The model.</param>
    /// <param name="exchange">The tokens.</param>
    /// <param name="groupSize">Responses to each prompt, which is read once.</param>
    static double Generate(BenchmarkPreset preset, Exchange exchange, int groupSize = 1) =>
        ((exchange.Tokens - exchange.ResponseTokens) / (double)groupSize + exchange.ResponseTokens) * Body(preset)
        + exchange.ResponseTokens * Output(preset);

    /// <summary>Operations of the blocks for a token: weights of 4 D² in attention and 8 D² in the MLP.</summary>
    static double Body(BenchmarkPreset preset) => 2.0 * 12 * preset.Shape.Layers * preset.Shape.Width * preset.Shape.Width;

    static double Output(BenchmarkPreset preset) => 2.0 * preset.Shape.Width * preset.Vocabulary;
}
