using System.Text;

namespace Attune.Data.Sources;

/// <summary>
/// The characters of a text file with their lines, and the text of the record that is being read. The length of a record is limited, so
/// that a file without line ends, or with a quotation mark that is never closed, does not fill the memory.
/// </summary>
sealed class RecordText(SourceFile file, StreamReader reader, int most = RecordText.MostCharacters)
{
    /// <summary>The most characters of a line of a table or of JSON.</summary>
    public const int MostCharacters = 16 << 20;

    readonly StringBuilder record = new();
    readonly char[] buffer = new char[4096];
    int at, end;

    /// <summary>The line of the next character, from 1.</summary>
    public int Line { get; private set; } = 1;

    /// <summary>The next character, without taking it; −1 at the end. Every kind of line end is given as a line feed.</summary>
    public int Peek() => !Fill() ? -1 : buffer[at] == '\r' ? '\n' : buffer[at];

    /// <summary>Takes the next character into the record.</summary>
    public char Take()
    {
        var c = Skip();
        Append([c]);
        return c;
    }

    /// <summary>Takes the next character, which is no part of the record.</summary>
    public char Skip()
    {
        Fill();
        var c = buffer[at++];
        if (c == '\r' && Fill() && buffer[at] == '\n')
            at++;
        if (c is not ('\r' or '\n'))
            return c;
        Line++;
        return '\n';
    }

    /// <summary>Skips white space between records.</summary>
    public void SkipSpace()
    {
        while (Peek() is ' ' or '\t' or '\n')
        {
            Skip();
            at += buffer.AsSpan(at, end - at).IndexOfAnyExcept(' ', '\t') is >= 0 and var blank ? blank : end - at;
        }
    }

    /// <summary>Takes the rest of the line, without its end.</summary>
    public void TakeLine()
    {
        while (Fill())
        {
            var rest = buffer.AsSpan(at, end - at);
            var length = rest.IndexOfAny('\r', '\n') is >= 0 and var found ? found : rest.Length;
            Append(rest[..length]);
            at += length;
            if (length < rest.Length)
                return;
        }
    }

    /// <summary>The record; the next one is empty.</summary>
    public string Finish()
    {
        var text = record.ToString();
        record.Clear();
        return text;
    }

    void Append(ReadOnlySpan<char> text)
    {
        if (record.Length + text.Length > most)
            throw new InvalidDataException($"{file.At(Line)}: a line or record may have at most {most:N0} characters");
        record.Append(text);
    }

    /// <summary>Whether there is a next character.</summary>
    bool Fill()
    {
        if (at < end)
            return true;
        (at, end) = (0, file.Decode(Line, () => reader.Read(buffer)));
        return end > 0;
    }
}
