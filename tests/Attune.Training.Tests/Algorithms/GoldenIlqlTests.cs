using System.Text.Json;
using Attune.Generation;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Models.Heads;
using Attune.Testing;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Batches;
using Attune.Training.Estimation;

namespace Attune.Training.Tests.Algorithms;

/// <summary>ILQL's losses with their gradients, heads, target synchronisation and logits of generation as trlX computes them.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenIlqlTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> Cases => [.. GoldenFile.Cases("ilql")];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Loss_AgreesWithTrlx(string name)
    {
        var (item, inputs) = GoldenFile.Read("ilql", name);
        var (hparams, expected) = (item.GetProperty("hparams"), item.GetProperty("expected"));
        var options = new IlqlOptions
        {
            Tau = hparams.Number("tau"), Gamma = hparams.Number("gamma"), CqlScale = hparams.Number("cql_scale"),
            AwacScale = hparams.Number("awac_scale"), Beta = hparams.Number("beta"), TwoQs = hparams.Flag("two_qs"),
        };
        var heads = options.TwoQs ? 2 : 1;
        var (logits, v) = (GoldenFile.Leaf(inputs.GetProperty("logits")), GoldenFile.Leaf(inputs.GetProperty("vs")));
        Tensor[] q = [.. inputs.GetProperty("qs").EnumerateArray().Take(heads).Select(GoldenFile.Leaf)];
        Tensor[] targets = [.. inputs.GetProperty("target_qs").EnumerateArray().Take(heads).Select(GoldenFile.Tensor)];
        var cells = new Cells(inputs);

        var terms = Ilql.Terms(
            [.. q.Select(all => Rows(all, cells.Actions))], Rows(targets.Aggregate(Tensor.Minimum), cells.Actions),
            Rows(v, cells.States).Squeeze(-1), Rows(logits, cells.Logits), cells.ToBatch(inputs), options);
        var loss = Masked.Reduce(terms.Q + terms.Value + terms.Cql * options.CqlScale + terms.Awac * options.AwacScale);
        loss.Backward();

        GoldenFile.Close(expected.GetProperty("loss"), loss, "loss");
        GoldenFile.Close(expected.GetProperty("grad_logits"), logits.Grad!, "gradient of the logits");
        GoldenFile.Close(expected.GetProperty("grad_vs"), v.Grad!, "gradient of the values");
        foreach (var (own, gradient) in q.Zip(expected.GetProperty("grad_qs").EnumerateArray()))
            GoldenFile.Close(gradient, own.Grad!, "gradient of the Q values");
        var stats = expected.GetProperty("stats");
        GoldenFile.Close(stats.GetProperty("losses/loss"), loss, "loss of the metrics");
        foreach (var (key, part) in new[] { ("q", terms.Q), ("v", terms.Value), ("cql", terms.Cql), ("awac", terms.Awac) })
            GoldenFile.Close(stats.GetProperty($"losses/loss_{key}"), part.Mean(), $"loss {key}");
        var metrics = new Loss(loss, new Dictionary<string, Tensor>()) { Distributions = terms.Distributions }.Totals.Metrics;
        var statistics = stats.EnumerateObject().Where(stat => !stat.Name.StartsWith("losses/", StringComparison.Ordinal)).ToList();
        Assert.Equal(4 * (2 + heads), statistics.Count);
        foreach (var stat in statistics)
            GoldenFile.Close(stat.Value, Tensor.Scalar(metrics[stat.Name]), stat.Name);
    }

    [Fact]
    public void HeadsAndSynchronisation_AgreeWithTrlx()
    {
        var file = Golden.Json("losses", "ilql.json").GetProperty("heads");
        Golden.Ran("losses: ilql");
        var (inputs, expected) = (file.GetProperty("inputs"), file.GetProperty("expected"));
        using var random = new RandomSource(1);
        var shape = new ModelShape { Layers = 1, Width = 4, Heads = 1, Context = 8 };
        var model = Pretrained.NewLanguageModel(shape.ToConfig(3, null, null, null), random);
        var heads = IlqlHeads.AddTo(model, twoQs: true, random);
        var parameters = model.NamedParameters().ToDictionary(own => own.Name, own => own.Value, StringComparer.Ordinal);
        foreach (var weights in inputs.GetProperty("state_dict").EnumerateObject())
            parameters[$"ilql_heads.{weights.Name}"].Value = GoldenFile.Tensor(weights.Value);
        var hidden = GoldenFile.Tensor(inputs.GetProperty("hidden_states"));
        for (var i = 0; i < 2; i++)
        {
            GoldenFile.Close(expected.GetProperty("qs")[i], heads.Q[i].Forward(hidden), $"Q {i}");
            GoldenFile.Close(expected.GetProperty("target_qs")[i], heads.TargetQ[i].Forward(hidden), $"target Q {i}");
        }
        GoldenFile.Close(expected.GetProperty("vs"), heads.Value.Forward(hidden), "values");

        heads.Sync(file.GetProperty("hparams").Number("alpha"));

        var synced = expected.GetProperty("target_after_sync").EnumerateObject().ToList();
        Assert.Equal(8, synced.Count);
        foreach (var weights in synced)
            GoldenFile.Close(weights.Value, parameters[$"ilql_heads.{weights.Name}"].Value, weights.Name);
    }

    [Fact]
    public void LogitsOfGeneration_AgreeWithTrlx()
    {
        var file = Golden.Json("losses", "ilql.json").GetProperty("decode");
        Golden.Ran("losses: ilql");
        var (hparams, inputs) = (file.GetProperty("hparams"), file.GetProperty("inputs"));
        var q = inputs.GetProperty("target_qs").EnumerateArray().Select(GoldenFile.Tensor).Aggregate(Tensor.Minimum);
        var (logits, v) = (GoldenFile.Tensor(inputs.GetProperty("logits")), GoldenFile.Tensor(inputs.GetProperty("vs")).Squeeze(-1));
        var shifted = AdvantageFilter.Shift(logits, q, v, hparams.Number("beta"));
        var kept = new TopKFilter((int)hparams.Number("top_k")).Apply(shifted, new([]));
        GoldenFile.Close(file.GetProperty("expected").GetProperty("log_softmax_plus_beta_advantage_topk"), kept, "logits");
    }

    /// <summary>(B, C, …) → (N, …)</summary>
    static Tensor Rows(Tensor all, long[] cells) => all.Reshape([-1, all.Shape[^1]]).IndexSelect(0, TensorBatch.Longs(cells, Device.Cpu));

    /// <summary>Where the actions that <c>dones</c> leaves are, in the flattened tensors of trlX's padded batch.</summary>
    sealed class Cells
    {
        readonly (int Row, int At)[] actions;
        readonly long[] positions;
        readonly int columns;

        public Cells(JsonElement inputs)
        {
            var dones = GoldenTensor.Read(inputs.GetProperty("dones"));
            var (rows, states) = ((int)dones.Shape[0], (int)dones.Shape[1]);
            var positionsOfActions = GoldenTensor.Read(inputs.GetProperty("actions_ixs")).Longs;
            columns = (int)GoldenTensor.Read(inputs.GetProperty("input_ids")).Shape[1];
            actions = [.. from row in Enumerable.Range(0, rows)
                from at in Enumerable.Range(0, states - 1)
                where dones.Longs[row * states + at] == 1
                select (row, at)];
            Actions = [.. actions.Select(action => (long)action.Row * (states - 1) + action.At)];
            States = [.. actions.Select(action => (long)action.Row * states + action.At)];
            positions = [.. Actions.Select(action => positionsOfActions[action])];
            Logits = [.. actions.Zip(positions, (action, position) => action.Row * columns + position)];
        }

        public long[] Actions { get; }

        public long[] States { get; }

        public long[] Logits { get; }

        public ActionBatch ToBatch(JsonElement inputs)
        {
            var ids = GoldenTensor.Read(inputs.GetProperty("input_ids")).Longs;
            var rewards = GoldenFile.Tensor(inputs.GetProperty("rewards"));
            long[] tokens = [.. Logits.Select(cell => ids[cell + 1])];
            long[] next = [.. Enumerable.Range(1, actions.Length).Select(at => (long)(at % actions.Length))];
            float[] hasNext = [.. Enumerable.Range(0, actions.Length)
                .Select(at => at + 1 < actions.Length && actions[at + 1].Row == actions[at].Row ? 1f : 0)];
            return new(
                Longs(Logits), Longs(tokens), rewards.Reshape(-1).IndexSelect(0, Longs(Actions)), Longs(next),
                Tensor.From(hasNext, hasNext.Length));
        }

        static Tensor Longs(long[] numbers) => TensorBatch.Longs(numbers, Device.Cpu);
    }
}
