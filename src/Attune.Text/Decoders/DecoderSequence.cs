namespace Attune.Text;

/// <summary>Several decoders, one after another.</summary>
sealed class DecoderSequence(IReadOnlyList<IDecoder> steps) : IDecoder
{
    public IReadOnlyList<string> Decode(IReadOnlyList<string> tokens) => steps.Aggregate(tokens, (result, step) => step.Decode(result));
}
