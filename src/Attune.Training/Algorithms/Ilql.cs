using Attune.Data;
using Attune.Models;
using Attune.Models.Heads;
using Attune.Reporting.Charts;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Offline;
using Attune.Training.States;
using MathNet.Numerics.Statistics;

namespace Attune.Training.Algorithms;

/// <summary>
/// Implicit language Q-learning: Q and value heads learn from responses with rewards, and the policy from the same responses. Snell et al.
/// 2022, section 4, https://arxiv.org/abs/2206.11871, in the form of trlX (<c>ILQLConfig.loss</c>). An action is a response token, a state
/// the tokens before it. Departures from trlX: (1) targets are synchronised after every <c>syncEvery</c>th update, not at the ends of
/// epochs only; (2) an action may have a reward of its own, not only the last; (3) returns are normalised over the training data, without
/// the held-out data.
/// </summary>
/// <param name="model">The model, with <see cref="IlqlHeads"/>.</param>
/// <param name="tokenizer">Its tokenizer, for messages and padding.</param>
/// <param name="options">τ, γ, and the weights of the losses.</param>
public sealed class Ilql(LanguageModel model, Tokenizer tokenizer, IlqlOptions options) : IObjective<TokenRewards>
{
    readonly IlqlHeads heads = IlqlHeads.Of(model) ?? throw new ArgumentException("the model has no heads of ILQL", nameof(model));
    double meanReturn;
    double stdReturn = 1;

    public IEnumerable<(string Name, IRunState State)> States => [("target", new ModelState([.. heads.TargetParameters]))];

    public void Prepare(OfflineData<TokenRewards> data)
    {
        if (!options.NormalizeRewards)
            return;
        double[] returns = [.. data.Train.SelectMany(example => example.Responses).Select(response => response.Return)];
        (meanReturn, stdReturn) = (returns.Mean(), returns.StandardDeviation());
        if (double.IsNaN(stdReturn) || stdReturn == 0)                                              // one response, or equal returns
            stdReturn = 1;
    }

    public double Count(IReadOnlyCollection<TokenRewards> batch) =>
        batch.Sum(example => example.Responses.Sum(response => response.Row.TargetCount));

    public Loss Compute(IReadOnlyList<TokenRewards> examples, double count)
    {
        RewardedRow[] rows = [.. examples.SelectMany(example => example.Responses)];
        var input = TensorBatch.From([.. rows.Select(row => row.Row)], tokenizer.FillId, model.Device);        // (B, T)
        var actions = ActionBatch.From(rows, Normalise, (int)input.Tokens.Size(1), model.Device);
        var states = model.HiddenStates(input).Reshape(-1, model.Backbone.Width).IndexSelect(0, actions.Cells);     // (N, D)
        Tensor[] q = [.. heads.Q.Select(head => head.Forward(states))];                             // (N, V) each
        var terms = Terms(q, heads.MinTargetQ(states), heads.Value.Forward(states), model.Logits(states), actions, options);
        var loss = terms.Q + terms.Value + terms.Cql * options.CqlScale + terms.Awac * options.AwacScale;
        return new(Mean(loss), new Dictionary<string, Tensor>(StringComparer.Ordinal)
        {
            ["loss/q"] = Mean(terms.Q),
            ["loss/value"] = Mean(terms.Value),
            ["loss/cql"] = Mean(terms.Cql),
            ["loss/awac"] = Mean(terms.Awac),
        })
        {
            Distributions = terms.Distributions,
        };

        Tensor Mean(Tensor x) => Masked.Reduce(x, count: count);
    }

    /// <summary>The losses of N actions.</summary>
    /// <param name="q">(N, V) each: Q(s, ·) of every Q head.</param>
    /// <param name="targetQ">(N, V): the smaller Q(s, ·) of the target heads, without a gradient.</param>
    /// <param name="v">(N): V(s)</param>
    /// <param name="logits">(N, V)</param>
    /// <param name="actions">The actions.</param>
    /// <param name="options">τ, γ and β.</param>
    public static IlqlTerms Terms(
        IReadOnlyList<Tensor> q, Tensor targetQ, Tensor v, Tensor logits, ActionBatch actions, IlqlOptions options)
    {
        var a = actions.Tokens;
        Tensor[] qa = [.. q.Select(OfActions)];                                                     // (N) each: Q(s, a)
        var advantage = OfActions(targetQ) - v;                                                     // (N)
        var nextV = v.Detach().IndexSelect(0, actions.Next) * actions.HasNext;                      // (N): V(s'), 0 after the last action
        var goal = actions.Rewards + nextV * options.Gamma;                                         // (N): r + γ V(s')
        var isAbove = advantage.Detach().GreaterOrEqual(0).To(DType.Float32);
        var expectile = isAbove * (2 * options.Tau - 1) + (1 - options.Tau);                        // τ where Q ≥ V, else 1 − τ
        var awacWeight = (advantage.Detach() * options.Beta).Exp();
        return new(
            Q: Sum(qa.Select(own => (own - goal).Square())),
            Value: expectile * advantage.Square(),
            Cql: Sum(q.Select(own => CrossEntropy.PerToken(own, a))),
            Awac: CrossEntropy.PerToken(logits, a) * awacWeight)
        {
            ActionQ = qa,
            V = v,
            Advantage = advantage,
            AwacWeight = awacWeight,
        };

        Tensor OfActions(Tensor all) => all.Gather(1, a.Unsqueeze(1)).Squeeze(1);

        static Tensor Sum(IEnumerable<Tensor> parts) => parts.Aggregate((sum, part) => sum + part);
    }

    public void AfterUpdate(int step)
    {
        if (step % options.SyncEvery == 0)
            heads.Sync(options.Alpha);
    }

    public int Length(TokenRewards example) => example.Responses.Max(response => response.Row.Length);

    public string Describe(TokenRewards example) =>
        tokenizer.Decode([.. example.Responses[0].Row.Source ?? [], .. example.Responses[0].Row.Tokens]).Quoted();

    public string Summarize(IReadOnlyDictionary<string, double> metrics) =>
        $"loss {NumberFormat.Fixed(metrics["loss"], 3)} (Q {NumberFormat.Fixed(metrics["loss/q"], 3)}, "
        + $"V {NumberFormat.Fixed(metrics["loss/value"], 3)}, AWAC {NumberFormat.Fixed(metrics["loss/awac"], 3)})";

    /// <summary>Rewards whose sum is (return − mean) / standard deviation; the mean is subtracted at the last action.</summary>
    double[] Normalise(double[] rewards)
    {
        double[] normalised = [.. rewards.Select(reward => reward / stdReturn)];
        normalised[^1] -= meanReturn / stdReturn;
        return normalised;
    }
}

/// <summary>The losses of each action (N), and what they are made of.</summary>
/// <param name="Q">Σ (Q(s, a) − r − γ V(s'))² over the Q heads.</param>
/// <param name="Value">The expectile loss of V(s).</param>
/// <param name="Cql">Σ −log softmax(Q(s, ·))(a) over the Q heads.</param>
/// <param name="Awac">−log π(a|s), weighted.</param>
public sealed record IlqlTerms(Tensor Q, Tensor Value, Tensor Cql, Tensor Awac)
{
    /// <summary>(N) each: Q(s, a) of every Q head.</summary>
    public required IReadOnlyList<Tensor> ActionQ { get; init; }

    /// <summary>(N)</summary>
    public required Tensor V { get; init; }

    /// <summary>(N): Q − V, Q of the target heads.</summary>
    public required Tensor Advantage { get; init; }

    /// <summary>(N): exp(β (Q − V)), without a gradient and not clipped.</summary>
    public required Tensor AwacWeight { get; init; }

    /// <summary>The numbers of which mean, standard deviation, minimum and maximum are logged, by trlX's names.</summary>
    public IReadOnlyDictionary<string, Tensor> Distributions => new Dictionary<string, Tensor>(
        [new("values", V), .. ActionQ.Index().Select(q => KeyValuePair.Create($"qvalues/{q.Index}", q.Item)),
            new("advantages", Advantage), new("awac_weight", AwacWeight)],
        StringComparer.Ordinal);
}

/// <summary>The N actions of rows: their response tokens, row after row.</summary>
/// <param name="Cells">(N) the position in the flattened (B · T) that an action is predicted from.</param>
/// <param name="Tokens">(N)</param>
/// <param name="Rewards">(N)</param>
/// <param name="Next">(N) the index of the next action of the row; any index after the last.</param>
/// <param name="HasNext">(N) 1, or 0 for the last action of a row.</param>
public sealed record ActionBatch(Tensor Cells, Tensor Tokens, Tensor Rewards, Tensor Next, Tensor HasNext)
{
    /// <param name="rows">B rows.</param>
    /// <param name="normalise">Changes the rewards of a row.</param>
    /// <param name="columns">T</param>
    /// <param name="device">Where the tensors are.</param>
    public static ActionBatch From(IReadOnlyList<RewardedRow> rows, Func<double[], double[]> normalise, int columns, Device device)
    {
        var (cells, tokens, next) = (new List<long>(), new List<long>(), new List<long>());
        var (rewards, hasNext) = (new List<float>(), new List<float>());
        foreach (var (index, row) in rows.Index())
        {
            foreach (var position in Enumerable.Range(0, row.Row.Tokens.Length).Where(row.Row.IsTarget))
            {
                cells.Add((long)index * columns + position - 1);
                tokens.Add(row.Row.Tokens[position]);
                next.Add(cells.Count);
                hasNext.Add(1);
            }
            rewards.AddRange(normalise(row.Rewards).Select(reward => (float)reward));
            (next[^1], hasNext[^1]) = (0, 0);
        }
        return new(Longs(cells), Longs(tokens), Floats(rewards), Longs(next), Floats(hasNext));

        Tensor Longs(List<long> numbers) => TensorBatch.Longs([.. numbers], device);

        Tensor Floats(List<float> numbers) => Tensor.From([.. numbers], numbers.Count).To(device);
    }
}
