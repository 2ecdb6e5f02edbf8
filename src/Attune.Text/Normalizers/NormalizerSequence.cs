namespace Attune.Text;

/// <summary>Several normalizers, one after another.</summary>
sealed class NormalizerSequence(IReadOnlyList<INormalizer> steps) : INormalizer
{
    public void Normalize(Draft draft)
    {
        foreach (var step in steps)
            step.Normalize(draft);
    }
}
