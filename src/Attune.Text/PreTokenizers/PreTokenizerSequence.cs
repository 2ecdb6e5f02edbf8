namespace Attune.Text;

/// <summary>Several pre-tokenizers, one after another.</summary>
sealed class PreTokenizerSequence(IReadOnlyList<IPreTokenizer> steps) : IPreTokenizer
{
    public void Apply(Draft draft)
    {
        foreach (var step in steps)
            step.Apply(draft);
    }
}
