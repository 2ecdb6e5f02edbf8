namespace Attune.Text;

/// <summary>Several decoders, one after another.</summary>
sealed class DecoderSequence(IReadOnlyList<IDecoder> steps) : IDecoder
{
    const long Growth = 64;                                        // times as long as it was the text may become
    const long Least = 1 << 16;                                    // characters that it may have at any rate

    public IReadOnlyList<string> Decode(IReadOnlyList<string> tokens)
    {
        var most = Length(tokens) * Growth + Least;
        foreach (var step in steps)
        {
            tokens = step.Decode(tokens);
            if (Length(tokens) > most)
                throw new InvalidDataException($"the decoder of this tokenizer makes a text more than {Growth} times as long");
        }
        return tokens;
    }

    static long Length(IReadOnlyList<string> tokens) => tokens.Sum(token => (long)token.Length);
}
