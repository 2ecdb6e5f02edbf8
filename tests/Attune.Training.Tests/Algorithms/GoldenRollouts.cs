using System.Text.Json;
using Attune.Data;
using Attune.Generation;
using Attune.Testing;
using Attune.Torch;
using Attune.Training.Estimation;
using Attune.Training.Policies;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Algorithms;

/// <summary>Completions and scores of golden cases as rollouts.</summary>
static class GoldenRollouts
{
    /// <summary>Completions as responses; one that does not end with the end-of-sequence token was cut off.</summary>
    public static Rollouts From(JsonElement completions, int eosId, int groupSize)
    {
        int[][] tokens = [.. completions.EnumerateArray().Select(row => row.EnumerateArray().Select(id => id.GetInt32()).ToArray())];
        var prompts = Enumerable.Range(0, tokens.Length / groupSize).Select(_ => new TokenPrompt([1], "")).ToList();
        return Rollouts.From(
            prompts, [.. tokens.Select(row => new Response(row, new float[row.Length], [], row[^1] == eosId))], Device.Cpu);
    }

    /// <summary>The weighted sum of the rewards of a case; NaN where no reward scored a response.</summary>
    public static Scores Scores(JsonElement inputs, JsonElement hparams)
    {
        double[] weights = [.. hparams.GetProperty("reward_weights").EnumerateArray().Select(weight => weight.GetDouble())];
        double[][] rows = [.. GoldenTensor.Read(inputs.GetProperty("rewards_per_func")).Data.Chunk(weights.Length)];
        return Training.Rewards.Scores.FromTotals(rows.Select(Sum)) with
        {
            Terms = [.. weights.Index().Select(reward => (Array.ConvertAll(rows, row => row[reward.Index]), reward.Item))],
        };

        double Sum(double[] row) => Array.TrueForAll(row, double.IsNaN)
            ? double.NaN
            : row.Zip(weights).Where(reward => !double.IsNaN(reward.First)).Sum(reward => reward.First * reward.Second);
    }

    /// <summary>(B, P + T, V) logits → (B, T) log-probabilities of the completions.</summary>
    public static Tensor Logprobs(Tensor logits, long prompt, Tensor tokens)
    {
        var before = logits.Slice(1, prompt - 1, -1);
        return -CrossEntropy.PerToken(before.Reshape(-1, before.Size(-1)), tokens.Reshape(-1)).Reshape(tokens.Shape.ToArray());
    }
}
