using Attune.Reporting.Charts;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Attune.Cli.Display;

/// <summary>The content of a live display.</summary>
/// <param name="Title">The name of the run.</param>
/// <param name="Step">Steps done.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
/// <param name="Rate">The speed; empty while unknown.</param>
/// <param name="Time">The remaining or the elapsed time.</param>
/// <param name="Summary">The main metrics.</param>
public sealed record ProgressStatus(string Title, int Step, int TotalSteps, string Rate, string Time, string Summary)
{
    /// <summary>What is counted, after the numbers; empty for steps.</summary>
    public string Unit { get; init; } = "";

    public string Count => $"{Step}/{TotalSteps}{Unit}";
}

/// <summary>Formats a status as lines that fit the width of a terminal; parts are left out where it is narrow.</summary>
public static class StatusLines
{
    const string Gap = "  ";
    const int LongestBar = 40;
    const int ShortestBar = 8;

    static readonly Style Strong = new(decoration: Decoration.Bold);
    static readonly Style Quiet = new(decoration: Decoration.Dim);
    static readonly Style Done = new(foreground: Color.Teal);
    static readonly Style ToDo = new(foreground: Color.Grey);

    /// <param name="status">The content.</param>
    /// <param name="width">The width of the terminal in cells. The last cell stays empty, because some terminals wrap there.</param>
    /// <param name="unicode">Whether the terminal shows box-drawing characters.</param>
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
        var shown = Array.Find(choices[..3], choice => Needed(choice) + ShortestBar + Gap.Length <= room);
        if (shown is null)
            return Spaced(Array.Find(choices, choice => Needed(choice) <= room) ?? [count]);
        Segment[] bar = [.. Bar(status, Math.Min(LongestBar, room - Needed(shown) - Gap.Length), unicode)];
        return shown[0] == title && title.Text.Length > 0
            ? [title, new(Gap), .. bar, new(Gap), .. Spaced(shown[1..])]
            : [.. bar, new(Gap), .. Spaced(shown)];
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

    /// <summary>The longest prefix that fits; some characters take two cells.</summary>
    static string Begin(string text, int room)
    {
        var length = Math.Min(text.Length, room);
        while (length > 0 && (char.IsHighSurrogate(text[length - 1]) || new Segment(text[..length]).CellCount() > room))
            length--;
        return text[..length];
    }

    static string OneLine(string text) => VisibleText.Escape(text).Replace('\n', ' ').Replace('\t', ' ');
}
