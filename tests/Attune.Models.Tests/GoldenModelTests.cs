using System.Text.Json;
using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Models.Tests;

/// <summary>Compares logits, losses, gradients and greedy generation with those of transformers for tiny checkpoints.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenModelTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string, string> LanguageModels =>
        [.. from name in GoldenModels.WithClass("LMHeadModel").Concat(GoldenModels.WithClass("ForCausalLM")).Concat(GoldenModels.Encoders)
            from config in GoldenModels.Configs(name)
            select (name, config)];

    public static TheoryData<string, string> RewardModels =>
        [.. from name in GoldenModels.WithClass("ForSequenceClassification")
            from config in GoldenModels.Configs(name)
            select (name, config)];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(LanguageModels))]
    public void LogitsAgree(string name, string config)
    {
        using var folder = new TemporaryFolder();
        var model = Pretrained.LoadLanguageModel(GoldenModels.Copy(name, config, folder));
        var expected = GoldenModels.Expected(name);
        if (!expected.TryGetProperty("forward", out var forward))
            return;
        foreach (var item in forward.EnumerateObject())
            CompareForward(model, item, name);
        if (expected.TryGetProperty("weight_check", out var weights))
            CompareWeights(model, weights);
    }

    [Theory]
    [MemberData(nameof(LanguageModels))]
    public void LossAndGradientsAgree(string name, string config)
    {
        if (!GoldenModels.Expected(name).TryGetProperty("loss", out var expected))
            return;
        using var folder = new TemporaryFolder();
        var model = Pretrained.LoadLanguageModel(GoldenModels.Copy(name, config, folder));
        model.SetTrainable(true);
        var loss = GoldenModels.Loss(
            model,
            GoldenModels.Input(expected.GetProperty("inputs")),
            GoldenModels.Longs(expected.GetProperty("inputs").GetProperty("labels")));
        Golden.Close(expected.GetProperty("loss").GetDouble(), loss.Item(), $"{name}: loss", Tolerance.ModelLoss);
        loss.Backward();
        GoldenModels.CompareGradients(model, expected.GetProperty("grads"), name);
        Golden.Ran("models: loss and gradients");
    }

    [Theory]
    [MemberData(nameof(LanguageModels))]
    public void ValuesOfAValueHeadAgree(string name, string config)
    {
        var expected = GoldenModels.Expected(name);
        if (!expected.TryGetProperty("value_head_keys", out _))
            return;
        using var folder = new TemporaryFolder();
        var model = Pretrained.LoadLanguageModel(GoldenModels.Copy(name, config, folder), expectValueHead: true);
        var input = GoldenModels.Input(expected.GetProperty("inputs"));
        var values = GoldenTensor.Read(expected.GetProperty("expected").GetProperty("values"));
        var actual = model.ValueHead!.Forward(model.HiddenStates(input));
        Golden.Close(values.Data, actual.ToArray<float>(), $"{name}: values", Tolerance.Logits, input.AttentionMask!.ToArray<bool>());
        Golden.Ran("models: value head");
    }

    [Theory]
    [MemberData(nameof(RewardModels))]
    public void RewardsAgree(string name, string config)
    {
        using var folder = new TemporaryFolder();
        var model = Pretrained.LoadRewardModel(GoldenModels.Copy(name, config, folder));
        var expected = GoldenModels.Expected(name);
        foreach (var item in expected.GetProperty("scores").EnumerateObject())
        {
            var input = GoldenModels.Input(expected.GetProperty("forward").GetProperty(item.Name).GetProperty("inputs"));
            var scores = item.Value.EnumerateArray().Select(GoldenTensor.Number).ToArray();
            Golden.Close(scores, model.Score(input).ToArray<float>(), $"{name}: {item.Name} scores", Tolerance.Logits);
            Golden.Ran("models: reward scores");
        }
        if (expected.TryGetProperty("trl_get_reward", out var perToken))
            CompareTokenRewards(model, perToken, name);
        ComparePairwiseLoss(model, expected, name);
    }

    static void CompareForward(LanguageModel model, JsonProperty item, string name)
    {
        var input = GoldenModels.Input(item.Value.GetProperty("inputs"));
        var real = input.AttentionMask!.ToArray<bool>();
        var hidden = model.HiddenStates(input);
        foreach (var output in item.Value.GetProperty("outputs").EnumerateObject())
        {
            if (!GoldenTensor.IsTensor(output.Value))
                continue;
            var expected = GoldenTensor.Read(output.Value);
            var actual = output.Name switch
            {
                "logits" or "logits_first64" => model.Logits(hidden).Slice(2, 0, expected.Shape[2]),
                "logits_last_position" => model.Logits(hidden.Select(1, -1)).Slice(1, 0, expected.Shape[1]),
                "last_hidden_state_first8" => hidden.Slice(2, 0, expected.Shape[2]),
                _ => null,   // computed in another precision
            };
            if (actual is not null)
                Golden.Close(
                    expected.Data, actual.ToArray<float>(), $"{name}: {item.Name} {output.Name}", Tolerance.Logits, Rows(real, actual));
        }
        Golden.Ran("models: logits");
    }

    /// <summary>The mask of (B, T), repeated for every channel of (B, T, C); a last position is always real.</summary>
    static bool[] Rows(bool[] real, Tensor actual)
    {
        var elements = (int)actual.ElementCount;
        return actual.Dimensions == 3
            ? [.. Enumerable.Range(0, elements).Select(i => real[i / (elements / real.Length)])]
            : [.. Enumerable.Repeat(true, elements)];
    }

    static void CompareWeights(LanguageModel model, JsonElement expected)
    {
        var parameters = model.NamedParameters().ToDictionary(p => p.Name, p => p.Value);
        foreach (var weight in expected.EnumerateObject())
        {
            var first = weight.Value.GetProperty("first8_as_float32").EnumerateArray().Select(GoldenTensor.Number).ToArray();
            Golden.Close(
                first, parameters[weight.Name].Value.ToArray<float>().AsSpan(0, first.Length), weight.Name, new Tolerance(0, 1e-7));
        }
    }

    static void CompareTokenRewards(RewardModel model, JsonElement expected, string name)
    {
        var tokens = GoldenModels.Longs(expected.GetProperty("inputs").GetProperty("query_responses"));
        var mask = tokens.NotEqualTo(expected.GetProperty("inputs").GetProperty("pad_token_id").GetDouble());
        var scores = model.ScoreTokens(ModelInput.FromPadded(tokens.MaskedFill(!mask, 0), mask));
        var rewards = GoldenTensor.Read(expected.GetProperty("expected").GetProperty("reward_logits"));
        Golden.Close(rewards.Data, scores.ToArray<float>(), $"{name}: reward at each token", Tolerance.Logits, mask.ToArray<bool>());
        Golden.Ran("models: reward at each token");
    }

    static void ComparePairwiseLoss(RewardModel model, JsonElement expected, string name)
    {
        if (!expected.TryGetProperty("pairwise_loss", out var pairs))
            return;
        model.SetTrainable(true);
        var scores = model.Score(GoldenModels.Input(expected.GetProperty("forward").GetProperty("right_padded").GetProperty("inputs")));
        var margin = Rows(pairs.GetProperty("chosen_rows")) - Rows(pairs.GetProperty("rejected_rows"));
        var loss = -margin.LogSigmoid().Mean();
        Golden.Close(pairs.GetProperty("loss").GetDouble(), loss.Item(), $"{name}: pairwise loss", Tolerance.ModelLoss);
        loss.Backward();
        GoldenModels.CompareGradients(model, pairs.GetProperty("grads"), name);
        Golden.Ran("models: pairwise loss and gradients");

        Tensor Rows(JsonElement rows) =>
            scores.IndexSelect(0, Tensor.From(rows.EnumerateArray().Select(r => r.GetInt64()).ToArray(), rows.GetArrayLength()));
    }
}
