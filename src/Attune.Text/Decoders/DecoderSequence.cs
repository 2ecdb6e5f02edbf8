namespace Attune.Text;

/// <summary>Applies several decoders in order.</summary>
sealed class DecoderSequence(IReadOnlyList<IDecoder> steps) : IDecoder
{
    const long Growth = 64;                                        // limit of the text's length, relative to the input
    const long Least = 1 << 16;                                    // characters that are always allowed

    public IReadOnlyList<string> Decode(IReadOnlyList<string> tokens)
    {
        var most = Length(tokens) * Growth + Least;
        foreach (var step in steps)
        {
            tokens = step.Decode(tokens);
            if (Length(tokens) > most)
                throw new InvalidDataException($"the decoder of this tokenizer makes a text more than {Growth} times as long as its input");
        }
        return tokens;
    }

    static long Length(IReadOnlyList<string> tokens) => tokens.Sum(token => (long)token.Length);
}
