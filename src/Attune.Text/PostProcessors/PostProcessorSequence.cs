namespace Attune.Text;

/// <summary>Applies several post-processors in order.</summary>
sealed class PostProcessorSequence(IReadOnlyList<IPostProcessor> steps) : IPostProcessor
{
    public int Added(bool pair) => steps.Sum(step => step.Added(pair));

    public IReadOnlyList<Encoding> Process(IReadOnlyList<Encoding> encodings, bool addSpecialTokens) =>
        steps.Aggregate(encodings, (result, step) => step.Process(result, addSpecialTokens));
}
