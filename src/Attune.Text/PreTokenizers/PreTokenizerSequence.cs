namespace Attune.Text;

/// <summary>Applies several pre-tokenizers in order.</summary>
sealed class PreTokenizerSequence(IReadOnlyList<IPreTokenizer> steps) : IPreTokenizer
{
    public bool NeedsAlignment => steps.Any(step => step.NeedsAlignment);

    public SpellWord? Spelling => steps.Count > 0 ? steps[^1].Spelling : null;

    public void Apply(Draft draft)
    {
        foreach (var step in steps)
            step.Apply(draft);
    }

    public void Divide(Draft draft)
    {
        foreach (var step in steps.SkipLast(1))
            step.Apply(draft);
        if (steps.Count > 0)
            steps[^1].Divide(draft);
    }
}
