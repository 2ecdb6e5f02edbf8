using System.Text.Json;
using Attune.Data;
using Attune.Generation;
using Attune.Testing;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.OnPolicy;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Tests.Algorithms;

/// <summary>Pairs, losses and gradients of online DPO, XPO and Nash-MD as TRL computes them: every case of their files.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenComparisonTests : IDisposable
{
    /// <summary>TRL takes the first of two responses with equal scores for chosen; online DPO here leaves such a pair out.</summary>
    const double FirstOfATie = 1e-9;

    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> OnlineDpoCases => [.. GoldenFile.Cases("online_dpo")];

    public static TheoryData<string> XpoCases => [.. GoldenFile.Cases("xpo")];

    public static TheoryData<string> NashMdCases => [.. GoldenFile.Cases("nash_md")];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(OnlineDpoCases))]
    public void OnlineDpo_ScoredResponses_AgreeWithTrl(string name)
    {
        var (item, inputs) = GoldenFile.Read("online_dpo", name);
        var (hparams, expected) = (item.GetProperty("hparams"), item.GetProperty("expected"));
        var metrics = expected.GetProperty("metrics");
        var logits = GoldenFile.Leaf(inputs.GetProperty("policy_logits"));
        var (rollouts, order) = Pairs(inputs);
        var logprobs = Logprobs(logits, inputs, rollouts, order);
        var kl = new KlPenalty(new() { Coef = hparams.Number("beta"), In = KlPlace.Loss });
        rollouts = kl.AddTo(
            rollouts with { Logprobs = logprobs.Detach() },
            Logprobs(GoldenFile.Tensor(inputs.GetProperty("ref_logits")), inputs, rollouts, order));
        var scores = ScoresOf(inputs, hparams, rollouts, order);
        var algorithm = new OnlineDpo(new OnlineDpoOptions { Loss = [Loss(hparams)] }, kl);
        var step = new TrainingStep(1);

        var experience = algorithm.Estimate(
            rollouts, Scores.FromTotals(scores.Select((score, row) => score + FirstOfATie * (1 - row % 2))), step);
        int[] rows = [.. experience.Rollouts.Tokens.Select(tokens => rollouts.Tokens.ToList().IndexOf(tokens))];
        var loss = algorithm.Compute(
            experience, new(logprobs.IndexSelect(0, Longs(rows)), Values: null, Entropy: null), experience.Size);
        loss.Value.Backward();

        var firstIsChosen = GoldenTensor.Read(expected.GetProperty("first_is_chosen")).Bools;
        Assert.Equal(firstIsChosen, rows.Where((_, at) => at % 2 == 0).Select(row => row % 2 == 0));
        GoldenFile.Close(expected.GetProperty("loss"), loss.Value, "loss");
        GoldenFile.Close(expected.GetProperty("grad_logits"), logits.Grad!, "gradient");
        foreach (var metric in new[] { "logps/chosen", "logps/rejected", "rewards/chosen", "rewards/rejected", "rewards/margins",
            "rewards/accuracies" })
            GoldenFile.Close(metrics.GetProperty(metric), loss.MetricTensors[metric], metric);
        Golden.Close([metrics.Number("objective/scores")], [scores.Average()], "scores", Tolerance.Loss);
    }

    [Theory]
    [MemberData(nameof(XpoCases))]
    public void Xpo_Pairs_AgreeWithTrl(string name)
    {
        var (item, inputs) = GoldenFile.Read("xpo", name);
        var (hparams, expected) = (item.GetProperty("hparams"), item.GetProperty("expected"));
        var own = GoldenFile.Leaf(inputs.GetProperty("model_logprobs_model_data"));
        var reference = GoldenFile.Leaf(inputs.GetProperty("model_logprobs_ref_data"));
        var logprobs = Alternating(own, reference);
        var refLogprobs = Alternating(Values("ref_logprobs_model_data"), Values("ref_logprobs_ref_data"));
        var kl = new KlPenalty(new() { Coef = hparams.Number("beta"), In = KlPlace.Loss });
        var rollouts = kl.AddTo(NewRollouts((int)own.Size(0), (int)own.Size(1)) with { Logprobs = logprobs.Detach() }, refLogprobs);
        var xpo = new Xpo(new() { Alpha = hparams.Number("alpha"), Loss = [Loss(hparams)] }, kl);
        var ownIsChosen = GoldenTensor.Read(inputs.GetProperty("chosen_mask")).Bools;

        var experience = xpo.Estimate(
            rollouts, Scores.FromTotals(ownIsChosen.SelectMany(isChosen => new[] { isChosen ? 1.0 : 0, 0.5 })), new(1));
        var loss = xpo.Compute(experience, new(logprobs, Values: null, Entropy: null), experience.Size);
        loss.Value.Backward();

        GoldenFile.Close(expected.GetProperty("loss"), loss.Value, "loss");
        foreach (var (metric, trl) in new[] { ("loss/dpo", "dpo_losses"), ("loss/xpo", "xpo_losses") })
            Golden.Close(
                [GoldenTensor.Read(expected.GetProperty(trl)).Data.Average()], [loss.MetricTensors[metric].Item()], metric, Tolerance.Loss);
        GoldenFile.Close(expected.GetProperty("grad_model_logprobs_model_data"), own.Grad!, "gradient of own responses");
        GoldenFile.Close(expected.GetProperty("grad_model_logprobs_ref_data"), reference.Grad!, "gradient of the reference's responses");

        Tensor Values(string key) => GoldenFile.Tensor(inputs.GetProperty(key));
    }

    [Theory]
    [MemberData(nameof(NashMdCases))]
    public void NashMd_Probabilities_AgreeWithTrl(string name)
    {
        var (item, inputs) = GoldenFile.Read("nash_md", name);
        var expected = item.GetProperty("expected");
        var logprobs = GoldenFile.Leaf(inputs.GetProperty("model_logprobs"));
        var kl = new KlPenalty(new() { Coef = item.GetProperty("hparams").Number("beta"), In = KlPlace.Loss });
        var (count, length) = ((int)logprobs.Size(0), (int)logprobs.Size(1));
        var refLogprobs = Alternating(GoldenFile.Tensor(inputs.GetProperty("ref_logprobs")), logprobs.Detach());
        var rollouts = kl.AddTo(NewRollouts(count, length) with { Logprobs = Alternating(logprobs, logprobs).Detach() }, refLogprobs);
        var nash = new NashMd(new(), policy: null!, kl);
        var odds = GoldenTensor.Read(inputs.GetProperty("probability")).Data.Select(wins => Math.Log(wins / (1 - wins)));

        var experience = nash.Estimate(rollouts, Scores.FromTotals(odds.SelectMany(score => new[] { score, 0 })), new(1));
        var loss = nash.Compute(experience, new(logprobs, Values: null, Entropy: null), experience.Size);
        loss.Value.Backward();

        GoldenFile.Close(expected.GetProperty("loss"), loss.Value, "loss");
        foreach (var (metric, trl) in new[] { ("loss/score", "score"), ("loss/kl", "kl") })
            Golden.Close(
                [GoldenTensor.Read(expected.GetProperty(trl)).Data.Average()], [loss.MetricTensors[metric].Item()], metric, Tolerance.Loss);
        GoldenFile.Close(expected.GetProperty("grad_model_logprobs"), logprobs.Grad!, "gradient");
    }

    static DpoLoss Loss(JsonElement hparams) =>
        hparams.GetProperty("loss_type").GetString() == "ipo" ? DpoLoss.IpoSum : DpoLoss.Sigmoid;

    /// <summary>The completions of each prompt as adjacent rows, and the rows of the case that they are.</summary>
    static (Rollouts Rollouts, int[] Order) Pairs(JsonElement inputs)
    {
        var ids = GoldenTensor.Read(inputs.GetProperty("completion_ids"));
        var mask = GoldenTensor.Read(inputs.GetProperty("completion_mask"));
        var (rows, length) = (ids.Shape[0], (int)ids.Shape[1]);
        var eosId = (int)inputs.Number("eos_token_id");
        int[] order = [.. Enumerable.Range(0, (int)rows / 2).SelectMany(pair => new[] { pair, pair + (int)rows / 2 })];
        var prompts = Enumerable.Range(0, order.Length / 2).Select(pair => new TokenPrompt([pair], "")).ToList();
        return (Rollouts.From(prompts, [.. order.Select(Completion)], Device.Cpu), order);

        Response Completion(int row)
        {
            int[] tokens = [.. Enumerable.Range(row * length, length).Where(at => mask.Longs[at] == 1).Select(at => (int)ids.Longs[at])];
            return new(tokens, new float[tokens.Length], [], tokens[^1] == eosId);
        }
    }

    /// <summary>(B, P + T, V) logits → (B, T) log-probabilities of the completions, in pairs.</summary>
    static Tensor Logprobs(Tensor logits, JsonElement inputs, Rollouts rollouts, int[] order) => GoldenRollouts.Logprobs(
        logits.IndexSelect(0, Longs(order)), GoldenFile.Tensor(inputs.GetProperty("prompt_ids")).Size(1),
        Tensor.From(PaddedRows.From([.. rollouts.Tokens], 0).Tokens, rollouts.Mask.Shape.ToArray())).MaskedFill(!rollouts.Mask, 0);

    /// <summary>The scores after the penalty of a case, in pairs.</summary>
    static double[] ScoresOf(JsonElement inputs, JsonElement hparams, Rollouts rollouts, int[] order)
    {
        var scores = GoldenTensor.Read(inputs.GetProperty("scores")).Data;
        if (hparams.TryGetProperty("judge_ranks", out var ranks))
            return [.. ranks.EnumerateArray().SelectMany(rank => new[] { 1.0 - rank.GetInt32(), rank.GetInt32() })];
        var pipeline = new ScorePipeline(new() { MissingEosPenalty = hparams.Optional("missing_eos_penalty") ?? 0 });
        return pipeline.Shape(Scores.FromTotals(order.Select(row => scores[row])), rollouts).Totals;
    }

    /// <summary>Responses of the policy and of another one to each prompt.</summary>
    static Rollouts NewRollouts(int prompts, int length)
    {
        var response = new Response([.. Enumerable.Range(0, length)], new float[length], [], true);
        var rollouts = Rollouts.From(
            [.. Enumerable.Repeat(new TokenPrompt([1], ""), prompts)], [.. Enumerable.Repeat(response, 2 * prompts)], Device.Cpu);
        return rollouts with { Opponents = 1 };
    }

    /// <summary>(P, T) and (P, T) → (2 P, T), in turn.</summary>
    static Tensor Alternating(Tensor first, Tensor second) => Tensor.Stack(1, first, second).Reshape(-1, first.Size(1));

    static Tensor Longs(int[] rows) => Tensor.From(Array.ConvertAll(rows, row => (long)row), rows.Length);
}
