namespace Attune.Text;

/// <summary>Joins all tokens to one, for the decoders behind it.</summary>
sealed class FuseDecoder : IDecoder
{
    public IReadOnlyList<string> Decode(IReadOnlyList<string> tokens) => [string.Concat(tokens)];
}
