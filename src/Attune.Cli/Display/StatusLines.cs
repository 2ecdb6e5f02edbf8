using Attune.Reporting.Charts;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Attune.Cli.Display;

/// <summary>What a live display says at a moment.</summary>
/// <param name="Title">The run.</param>
/// <param name="Step">Steps done.</param>
/// <param name="TotalSteps">Of the whole run.</param>
/// <param name="Rate">Empty while it is not known.</param>
/// <param name="Time">What is left, or what has passed.</param>
/// <param name="Summary">The few numbers that matter.</param>
public sealed record ProgressStatus(string Title, int Step, int TotalSteps, string Rate, string Time, string Summary)
{
    public string Count => $"{Step}/{TotalSteps}";
}

/// <summary>Lays a status out in lines that fit a terminal: the narrower it is, the less they say.</summary>
public static class StatusLines
{
    const string Gap = "  ";
    const int LongestBar = 40;
    const int ShortestBar = 8;

    static readonly Style Strong = new(decoration: Decoration.Bold);
    static readonly Style Quiet = new(decoration: Decoration.Dim);
    static readonly Style Done = new(foreground: Color.Teal);
    static readonly Style ToDo = new(foreground: Color.Grey);

    /// <param name="status">What to say.</param>
    /// <param name="width">Cells of the terminal. The last one stays free, so that no terminal wraps.</param>
    /// <param name="unicode">Whether the terminal can draw lines.</param>
    public static IReadOnlyList<IReadOnlyList<Segment>> Lay(ProgressStatus status, int width, bool unicode)
    {
        var room = Math.Max(1, width - 1);
        IReadOnlyList<Segment> progress = [.. Cut(Progress(status, room, unicode), room)];
        return status.Summary.Length == 0 ? [progress] : [progress, [.. Cut([new(Gap + OneLine(status.Summary))], room)]];
    }

    public static int Width(IEnumerable<Segment> line) => line.Sum(segment => segment.CellCount());

    static IEnumerable<Segment> Progress(ProgressStatus status, int room, bool unicode)
    {
        var title = new Segment(OneLine(status.Title), Strong);
        var count = new Segment(status.Count);
        var rate = new Segment(status.Rate, Quiet);
        var time = new Segment(status.Time, Quiet);
        Segment[][] choices = [[title, count, rate, time], [title, count, time], [count, time], [count]];
        var said = Array.Find(choices[..3], choice => Needed(choice) + ShortestBar + Gap.Length <= room);
        if (said is null)
            return Spaced(Array.Find(choices, choice => Needed(choice) <= room) ?? [count]);
        Segment[] bar = [.. Bar(status, Math.Min(LongestBar, room - Needed(said) - Gap.Length), unicode)];
        return said[0] == title && title.Text.Length > 0
            ? [title, new(Gap), .. bar, new(Gap), .. Spaced(said[1..])]
            : [.. bar, new(Gap), .. Spaced(said)];
    }

    static int Needed(Segment[] parts) => Width(Spaced(parts));

    static IEnumerable<Segment> Spaced(IEnumerable<Segment> parts) =>
        parts.Where(part => part.Text.Length > 0).SelectMany((part, at) => at == 0 ? [part] : new[] { new Segment(Gap), part });

    static IEnumerable<Segment> Bar(ProgressStatus status, int length, bool unicode)
    {
        var share = status.TotalSteps > 0 ? Math.Clamp((double)status.Step / status.TotalSteps, 0, 1) : 1;
        var filled = (int)(length * share);
        yield return new(new string(unicode ? '━' : '#', filled), Done);
        yield return new(new string(unicode ? '─' : '-', length - filled), ToDo);
    }

    static IEnumerable<Segment> Cut(IEnumerable<Segment> line, int room)
    {
        Segment[] all = [.. line];
        if (Width(all) <= room)
            return all;
        return [.. Fitting(all, room - 1), new("…")];
    }

    static IEnumerable<Segment> Fitting(IEnumerable<Segment> line, int room)
    {
        foreach (var segment in line)
        {
            var part = new Segment(Begin(segment.Text, room), segment.Style);
            yield return part;
            if (part.Text.Length < segment.Text.Length)
                yield break;
            room -= part.CellCount();
        }
    }

    /// <summary>The characters that fit whole: some take two cells.</summary>
    static string Begin(string text, int room)
    {
        var length = Math.Min(text.Length, room);
        while (length > 0 && (char.IsHighSurrogate(text[length - 1]) || new Segment(text[..length]).CellCount() > room))
            length--;
        return text[..length];
    }

    static string OneLine(string text) => VisibleText.Escape(text).Replace('\n', ' ').Replace('\t', ' ');
}
