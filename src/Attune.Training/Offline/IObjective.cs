using Attune.Training.Batches;

namespace Attune.Training.Offline;

/// <summary>What an offline algorithm descends: a loss over a batch of examples.</summary>
public interface IObjective<TExample>
{
    /// <summary>
    /// An example as it looks the <paramref name="number"/>th time that any is seen; held-out ones have numbers below 0. What is drawn
    /// here follows from the number alone, so that a resumed run sees the same.
    /// </summary>
    TExample Look(TExample example, long number) => example;

    /// <summary>How many things (tokens, prompts …) the loss of these examples is the mean of.</summary>
    double Count(IReadOnlyCollection<TExample> batch);

    /// <summary>The share that some examples have in the loss of a step whose <see cref="Count"/> is given.</summary>
    Loss Compute(IReadOnlyList<TExample> examples, double count);

    /// <summary>The length that decides which examples share a micro-batch, in tokens.</summary>
    int Length(TExample example);

    /// <summary>How a message names an example.</summary>
    string Describe(TExample example);

    /// <summary>The numbers that matter, in words.</summary>
    string InWords(IReadOnlyDictionary<string, double> metrics);
}
