using System.Text;

namespace Attune.Data.Sources;

/// <summary>Text files, of which bytes that are not UTF-8 are an error, not a replacement character.</summary>
static class Utf8Text
{
    static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static StreamReader Open(Stream bytes) => new(bytes, Strict);

    /// <summary>What a reader gives near a line.</summary>
    /// <exception cref="InvalidDataException">The bytes are not UTF-8.</exception>
    public static T Read<T>(string path, int line, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidDataException($"{path}, near line {line}: the text is not UTF-8; convert the file first", error);
        }
    }
}
