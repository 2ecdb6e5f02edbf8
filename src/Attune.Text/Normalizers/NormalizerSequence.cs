namespace Attune.Text;

/// <summary>Applies several normalizers in order.</summary>
sealed class NormalizerSequence(IReadOnlyList<INormalizer> steps) : INormalizer
{
    public void Normalize(Draft draft)
    {
        foreach (var step in steps)
            step.Normalize(draft);
    }
}
