namespace Attune.Text;

/// <summary>Several pre-tokenizers, one after another.</summary>
sealed class PreTokenizerSequence(IReadOnlyList<IPreTokenizer> steps) : IPreTokenizer
{
    public bool NeedsAlignment => steps.Any(step => step.NeedsAlignment);

    public void Apply(Draft draft)
    {
        foreach (var step in steps)
            step.Apply(draft);
    }
}
