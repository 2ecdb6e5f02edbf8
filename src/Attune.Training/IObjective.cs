namespace Attune.Training;

/// <summary>What an offline algorithm descends: a loss over a batch of examples.</summary>
public interface IObjective<TExample>
{
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
