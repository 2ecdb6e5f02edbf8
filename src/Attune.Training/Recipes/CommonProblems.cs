using Attune.Models;
using Attune.Models.Families;
using Attune.Training.Batches;
using Attune.Training.Optimizers;
using Attune.Training.Parameters;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>What can be wrong with the values that every recipe has.</summary>
static class CommonProblems
{
    public static IEnumerable<string> Of(RunOptions run, BatchOptions training, OptimizerOptions optimizer)
    {
        if (run.Output.Length == 0)
            yield return "run.output: a folder was expected, found nothing";
        foreach (var (key, value) in new[]
        {
            ("run.threads", run.Threads), ("run.checkpointEvery", run.CheckpointEvery), ("run.evaluateEvery", run.EvaluateEvery),
            ("training.steps", training.Steps), ("training.microBatchSize", training.MicroBatchSize),
            ("training.microBatchTokens", training.MicroBatchTokens),
        })
            if (value < 0)
                yield return $"{key}: a number of at least 0 was expected, found {value}";
        if (run.Dtype is not ("float32" or "bfloat16"))
            yield return $"run.dtype: float32 or bfloat16 was expected, found {run.Dtype}";
        if (run.KeepCheckpoints < 1)
            yield return $"run.keepCheckpoints: a number of at least 1 was expected, found {run.KeepCheckpoints}";
        if (training.BatchSize < 1)
            yield return $"training.batchSize: a number of at least 1 was expected, found {training.BatchSize}";
        if (training.Workers < 1)
            yield return $"training.workers: a number of at least 1 was expected, found {training.Workers}";
        if (training.Steps == 0 && training.Epochs <= 0)
            yield return $"training.epochs: a number above 0 was expected, found {training.Epochs}";
        if (training.MicroBatchSize > 0 && training.MicroBatchTokens > 0)
            yield return "training.microBatchTokens: it stands instead of training.microBatchSize; one of them was expected, found both";
        if (training.Workers > 1 && training.MicroBatchSize == 0 && training.MicroBatchTokens == 0)
            yield return "training.workers: they share the micro-batches of a step; a training.microBatchSize or microBatchTokens above 0 was expected, found 0";
        foreach (var problem in optimizer.Problems())
            yield return $"optimizer.{problem}";
    }

    /// <summary>A new model and its tokenizer, where no folder brings them.</summary>
    public static IEnumerable<string> OfNewModel(string model, ModelShape shape, TokenizerOptions tokenizer)
    {
        if (model.Length > 0)
            yield break;
        foreach (var problem in shape.Problems())
            yield return $"newModel.{problem}";
        foreach (var problem in tokenizer.Path.Length == 0 ? tokenizer.Problems() : [])
            yield return $"tokenizer.{problem}";
    }
}
