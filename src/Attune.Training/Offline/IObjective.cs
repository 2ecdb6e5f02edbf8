using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Runs;
using Attune.Training.States;

namespace Attune.Training.Offline;

/// <summary>What an offline algorithm minimises: a loss over a batch of examples.</summary>
public interface IObjective<TExample>
{
    /// <summary>State of the objective that is part of every checkpoint, such as running statistics.</summary>
    IEnumerable<(string Name, IRunState State)> States => [];

    /// <summary>Called once before the first step, when the model is as it was before training.</summary>
    void Prepare(OfflineData<TExample> data)
    {
    }

    /// <summary>
    /// Per-visit augmentation of the <paramref name="number"/>th example of the run; held-out examples have negative numbers. It must
    /// depend
    /// on the example and the number only, so that a resumed run gets the same.
    /// </summary>
    TExample Transform(TExample example, long number) => example;

    /// <summary>
    /// Replaces the examples of a training step, such as by responses that the policy samples. It draws from the run's random source only,
    /// so that a resumed run gets the same.
    /// </summary>
    IReadOnlyList<TExample> Sample(IReadOnlyList<TExample> batch, RandomSource random, TrainingStep step) => batch;

    /// <summary>
    /// Called with all examples of a step, or with all held-out ones, before <see cref="Compute"/> gets parts of them: for statistics of
    /// the whole batch, so that its micro-batches have the same. There are no gradients, and tensors are freed at the end.
    /// </summary>
    /// <param name="batch">The examples.</param>
    /// <param name="microBatches">Splits a forward pass.</param>
    /// <param name="isHeldOut">Whether the examples are held out, so that no state may change.</param>
    void BeginBatch(IReadOnlyList<TExample> batch, MicroBatches microBatches, bool isHeldOut)
    {
    }

    /// <summary>
    /// Whether the loss compares the examples of a batch, so that it is no sum of losses of examples. The recipe then refuses
    /// micro-batches, each of several ranks gets one part of a step, and held-out batches are whole.
    /// </summary>
    bool ComparesExamples => false;

    /// <summary>How many terms (tokens, prompts, pairs …) the loss of these examples is the mean of.</summary>
    double Count(IReadOnlyCollection<TExample> batch);

    /// <summary>The share of some examples in the loss of a step with this <see cref="Count"/>.</summary>
    Loss Compute(IReadOnlyList<TExample> examples, double count);

    /// <summary>Called after the update of a step, which is numbered from 1.</summary>
    void AfterUpdate(int step)
    {
    }

    /// <summary>The length that decides which examples share a micro-batch, in tokens.</summary>
    int Length(TExample example);

    /// <summary>Describes an example in messages.</summary>
    string Describe(TExample example);

    /// <summary>The most important metrics of a step, as a short text.</summary>
    string Summarize(IReadOnlyDictionary<string, double> metrics);
}
