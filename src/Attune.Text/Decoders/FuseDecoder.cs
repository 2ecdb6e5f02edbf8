namespace Attune.Text;

/// <summary>Joins all tokens into one, for the decoders that follow.</summary>
sealed class FuseDecoder : IDecoder
{
    public IReadOnlyList<string> Decode(IReadOnlyList<string> tokens) => [string.Concat(tokens)];
}
