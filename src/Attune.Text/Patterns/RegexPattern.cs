using System.Buffers;
using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace Attune.Text;

/// <summary>
/// A regular expression that matches code points. The sets of code points in it partition Unicode into a few classes; the text is
/// translated to one letter for each code point, that of its class, and .NET's engine searches the translation. So a surrogate pair is
/// one character, and the sets are exactly Unicode's.
/// </summary>
sealed class RegexPattern : IPattern
{
    const int LongestSource = 2000;                                // characters; tokenizers have a few hundred
    const double CharactersASecond = 100_000;                      // known patterns are a hundred times as fast

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);   // for one match, and for a short text

    readonly string source;
    readonly PrivateAlphabet alphabet;
    readonly Regex regex;

    public RegexPattern(string source)
    {
        this.source = source;
        if (source.Length > LongestSource)
            throw new InvalidDataException($"the regular expression must have at most {LongestSource} characters (was {source.Length})");
        var (translated, sets) = RegexTranslator.Translate(source);
        alphabet = new(sets);
        try
        {
            regex = new(Spell(translated), RegexOptions.Compiled | RegexOptions.CultureInvariant, Patience);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"the regular expression {RegexTranslator.Shown(source)} is not valid: {e.Message}", e);
        }
    }

    /// <summary>Replaces each placeholder by the letters of its set.</summary>
    string Spell(string translated)
    {
        var spelled = new StringBuilder();
        foreach (var symbol in translated)
        {
            if (symbol is < PrivateAlphabet.First or >= (char)(PrivateAlphabet.First + PrivateAlphabet.Size))
                spelled.Append(symbol);
            else
                spelled.Append(alphabet.Members(symbol - PrivateAlphabet.First) is { Length: > 0 } letters ? $"[{letters}]" : "(?!)");
        }
        return spelled.ToString();
    }

    public void Divide(ReadOnlySpan<char> text, List<Stretch> output)
    {
        var letters = ArrayPool<char>.Shared.Rent(text.Length);
        var units = ArrayPool<int>.Shared.Rent(text.Length + 1);   // start of each code point
        try
        {
            var count = Transcribe(text, letters, units);
            Divide(letters.AsSpan(0, count), units, output);
        }
        catch (RegexMatchTimeoutException)
        {
            throw TooSlow();
        }
        finally
        {
            ArrayPool<char>.Shared.Return(letters);
            ArrayPool<int>.Shared.Return(units);
        }
    }

    int Transcribe(ReadOnlySpan<char> text, char[] letters, int[] units)
    {
        var (count, unit) = (0, 0);
        foreach (var rune in text.EnumerateRunes())
        {
            (letters[count], units[count]) = (alphabet.LetterOf(rune.Value), unit);
            unit += rune.Utf16SequenceLength;
            count++;
        }
        units[count] = unit;
        return count;
    }

    void Divide(ReadOnlySpan<char> letters, int[] units, List<Stretch> output)
    {
        var (done, start) = (0, Stopwatch.GetTimestamp());
        var patience = Patience + TimeSpan.FromSeconds(letters.Length / CharactersASecond);
        foreach (var match in regex.EnumerateMatches(letters))
        {
            if (Stopwatch.GetElapsedTime(start) > patience)
                throw TooSlow();
            if (match.Length == 0 && match.Index == done && done > 0)
                continue;                                          // Oniguruma has no empty match right after another match
            if (match.Index > done)
                output.Add(new(units[done], units[match.Index], false));
            done = match.Index + match.Length;
            output.Add(new(units[match.Index], units[done], true));
        }
        if (done < letters.Length)
            output.Add(new(units[done], units[letters.Length], false));
    }

    InvalidDataException TooSlow() => new($"the regular expression {RegexTranslator.Shown(source)} takes too long on this text");
}
