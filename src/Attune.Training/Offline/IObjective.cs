using Attune.Training.Batches;
using Attune.Training.States;

namespace Attune.Training.Offline;

/// <summary>What an offline algorithm minimises: a loss over a batch of examples.</summary>
public interface IObjective<TExample>
{
    /// <summary>What the run must remember of the objective, such as running statistics.</summary>
    IEnumerable<(string Name, IRunState State)> States => [];

    /// <summary>Called once with all examples, held-out ones included, before the first step.</summary>
    void Prepare(IReadOnlyList<TExample> examples)
    {
    }

    /// <summary>
    /// Per-visit augmentation: an example as it is the <paramref name="number"/>th time that any is used; held-out examples have
    /// negative numbers. It must follow from the number alone, so that a resumed run sees the same.
    /// </summary>
    TExample Transform(TExample example, long number) => example;

    /// <summary>How many things (tokens, prompts, pairs …) the loss of these examples is the mean of.</summary>
    double Count(IReadOnlyCollection<TExample> batch);

    /// <summary>The share that some examples have in the loss of a step whose <see cref="Count"/> is given.</summary>
    Loss Compute(IReadOnlyList<TExample> examples, double count);

    /// <summary>Called after the update of a step, counted from 1.</summary>
    void AfterUpdate(int step)
    {
    }

    /// <summary>The length that decides which examples share a micro-batch, in tokens.</summary>
    int Length(TExample example);

    /// <summary>How a message names an example.</summary>
    string Describe(TExample example);

    /// <summary>The numbers of a step that matter most, as a short text.</summary>
    string Summarize(IReadOnlyDictionary<string, double> metrics);
}
