using System.Globalization;
using System.Text;

namespace Attune.Text;

/// <summary>
/// Decodes runs of tokens such as <c>&lt;0xC3&gt;</c> as UTF-8. A run that is not valid UTF-8 becomes one U+FFFD for each token.
/// </summary>
sealed class ByteFallbackDecoder : IDecoder
{
    static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public IReadOnlyList<string> Decode(IReadOnlyList<string> tokens)
    {
        var (texts, run) = (new List<string>(tokens.Count), new List<byte>());
        foreach (var token in tokens)
        {
            if (TryByte(token, out var value))
            {
                run.Add(value);
                continue;
            }
            Flush(run, texts);
            texts.Add(token);
        }
        Flush(run, texts);
        return texts;
    }

    static bool TryByte(string token, out byte value)
    {
        value = 0;
        return token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
            && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    static void Flush(List<byte> run, List<string> texts)
    {
        try
        {
            if (run.Count > 0)
                texts.Add(Strict.GetString([.. run]));
        }
        catch (DecoderFallbackException)
        {
            texts.AddRange(Enumerable.Repeat("\uFFFD", run.Count));
        }
        run.Clear();
    }
}
