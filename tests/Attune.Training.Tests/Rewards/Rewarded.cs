using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Policies;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Rewards;

/// <summary>Rollouts with a simple tokenizer, for tests of rewards.</summary>
static class Rewarded
{
    /// <summary>A policy that is not sampled from: its vocabulary is a different one.</summary>
    public static RewardContext Context() => new(new Policy(TinyModel.Gpt2(), TinyData.Tokenizer, new()));

    /// <summary>Responses to one prompt, each with an end-of-sequence token.</summary>
    public static Rollouts Rollouts(string prompt, params string[] answers) => Training.Policies.Rollouts.From(
        [.. answers.Select(_ => new Data.TokenPrompt(TinyData.Tokenizer.Encode(prompt), prompt))],
        [.. answers.Select(Completion)],
        Device.Cpu);

    /// <summary>The number of tokens of a response, with its end-of-sequence token.</summary>
    public static int Tokens(string answer) => Completion(answer).Tokens.Length;

    static Generation.Response Completion(string answer)
    {
        int[] tokens = [.. TinyData.Tokenizer.Encode(answer), TinyData.Tokenizer.EosId!.Value];
        return new(tokens, new float[tokens.Length], [], Ended: true);
    }
}

/// <summary>Returns the rows of a test, one list after the other.</summary>
sealed class FixedReward(params double[][][] batches) : IRewardSource
{
    int asked;

    public bool IsDisposed { get; private set; }

    public Scores Score(Rollouts rollouts) => new(batches[Math.Min(asked++, batches.Length - 1)]);

    public void Dispose() => IsDisposed = true;
}
