using Attune.Training.Policies;

namespace Attune.Cli.Bench;

/// <summary>
/// The floating-point operations that a step cannot do without: 2 for each weight and token on the way forward, and twice that on the
/// way back. Attention scores, norms, losses and the optimizer are left out, so that no program reaches the floor.
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
            "generate" => Answers(preset, preset.Generate),
            "sft" => ForwardAndBackward * texts * (Body(preset) + Output(preset)),
            _ => ForwardAndBackward * 2 * texts * Body(preset),
        };
    }

    /// <summary>
    /// Answers once; the reference and the reward model read them, as does a critic of its own; and policy and critic learn from them in
    /// every epoch.
    /// </summary>
    static double Ppo(BenchmarkPreset preset, CriticKind critic)
    {
        var learning = ForwardAndBackward * BenchmarkJobs.PpoEpochs;
        var reading = preset.Ppo.Tokens * Body(preset);
        return Answers(preset, preset.Ppo) * (2 + learning) + reading + (critic == CriticKind.Model ? reading * (1 + learning) : 0);
    }

    /// <summary>Every token is read once, and logits stand before those of the answers only.</summary>
    static double Answers(BenchmarkPreset preset, Exchange exchange) =>
        exchange.Tokens * Body(preset) + exchange.ResponseTokens * Output(preset);

    /// <summary>The blocks, for a token: 4 D² of attention and 8 D² of the MLP in each.</summary>
    static double Body(BenchmarkPreset preset) => 2.0 * 12 * preset.Shape.Layers * preset.Shape.Width * preset.Shape.Width;

    static double Output(BenchmarkPreset preset) => 2.0 * preset.Shape.Width * preset.Vocabulary;
}
