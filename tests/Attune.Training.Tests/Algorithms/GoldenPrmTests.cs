using Attune.Data;
using Attune.Testing;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Algorithms;

namespace Attune.Training.Tests.Algorithms;

/// <summary>The loss of steps and its gradient as transformers computes them, and steps in tokens as TRL's PRMTrainer makes them.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenPrmTests : IDisposable
{
    const long Ignored = -100;

    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> Losses => [.. GoldenFile.Cases("prm")];

    public static TheoryData<int> Rows => File.Exists(Golden.PathTo("losses", "prm.json"))
        ? [.. Enumerable.Range(0, Golden.Json("losses", "prm.json").GetProperty("tokenize_row").GetArrayLength())]
        : [];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Losses))]
    public void StepLoss_EachCase_AgreesInValueAndGradient(string name)
    {
        var (item, inputs) = GoldenFile.Read("prm", name);
        var logits = GoldenFile.Leaf(inputs.GetProperty("logits"));
        long[] labels = GoldenTensor.Read(inputs.GetProperty("labels")).Longs;
        var steps = labels.Index().Where(label => label.Item != Ignored).ToList();
        var rows = logits.Reshape(-1, 2).IndexSelect(0, Tensor.From([.. steps.Select(step => (long)step.Index)], steps.Count));

        var loss = Prm.StepLoss(rows, Tensor.From([.. steps.Select(step => step.Item)], steps.Count),
            item.GetProperty("hparams").Optional("num_items_in_batch"));
        loss.Backward();

        GoldenFile.Close(item.GetProperty("expected").GetProperty("loss"), loss, "loss");
        GoldenFile.Close(item.GetProperty("expected").GetProperty("grad_logits"), logits.Grad!, "gradient");
    }

    /// <summary>
    /// TRL puts a BOS token before every text and cuts responses to a length of their own; Attune has the tokenizer's BOS token, here none,
    /// and cuts at the context. So the tokens after BOS are compared, as far as TRL kept them.
    /// </summary>
    [Theory]
    [MemberData(nameof(Rows))]
    public void EncodeSteps_EachRow_GivesTrlsTokensAndLabels(int number)
    {
        var row = Golden.Json("losses", "prm.json").GetProperty("tokenize_row")[number];
        Golden.Ran("losses: prm, rows");
        var features = row.GetProperty("features");
        var example = new StepwiseExample(
            new("row", 1), features.GetProperty("prompt").GetString()!,
            [.. features.GetProperty("completions").EnumerateArray().Select(step => step.GetString()!)],
            [.. features.GetProperty("labels").EnumerateArray().Select(label => label.GetBoolean())]);
        var tokenizer = Tokenizer.Load(Golden.PathTo(row.GetProperty("tokenizer").GetString()!.Split('/')));
        var separator = row.GetProperty("step_separator").GetString()!;
        long[] ids = GoldenNumbers("input_ids"), labels = GoldenNumbers("labels");
        Golden.Equal(row.GetProperty("bos_token_id").GetInt64(), ids[0], "BOS token");

        var steps = new TextEncoder(tokenizer, 1024).EncodeSteps(example, separator)!;
        var options = new PrmOptions { StepSeparator = separator, TrainOnLastStepOnly = row.Flag("train_on_last_step_only") };
        var trained = new Prm(null!, tokenizer, options).Transform(steps, row.Flag("is_eval") ? -1 : 0);

        Golden.Equal(ids[1..], trained.Tokens.Take(ids.Length - 1).Select(token => (long)token), "tokens");
        var own = Enumerable.Repeat(Ignored, trained.Tokens.Length).ToArray();
        foreach (var (end, label) in trained.Ends.Zip(trained.Labels))
            own[end] = label ? 1 : 0;
        Golden.Equal(labels[1..], own.Take(ids.Length - 1), "labels");

        long[] GoldenNumbers(string key) => [.. row.GetProperty(key).EnumerateArray().Select(number => number.GetInt64())];
    }
}
