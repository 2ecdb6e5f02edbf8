using System.Text;

namespace Attune.Data.Sources;

/// <summary>Opens UTF-8 text files; invalid bytes are an error, not a replacement character.</summary>
static class Utf8Text
{
    static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static StreamReader Open(Stream bytes) => new(bytes, Strict);

    /// <summary>Calls a reader; an error about UTF-8 names the line near it.</summary>
    /// <exception cref="InvalidDataException">The bytes are not UTF-8.</exception>
    public static T Read<T>(string path, int line, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidDataException($"{path}, near line {line}: the text is not UTF-8; convert the file to UTF-8", error);
        }
    }
}
