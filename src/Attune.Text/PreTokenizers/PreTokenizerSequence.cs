namespace Attune.Text;

/// <summary>Applies several pre-tokenizers in order.</summary>
sealed class PreTokenizerSequence(IReadOnlyList<IPreTokenizer> steps) : IPreTokenizer
{
    public bool NeedsAlignment => steps.Any(step => step.NeedsAlignment);

    public void Apply(Draft draft)
    {
        foreach (var step in steps)
            step.Apply(draft);
    }
}
