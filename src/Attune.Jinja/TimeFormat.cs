using System.Globalization;
using System.Text;

namespace Attune.Jinja;

/// <summary>strftime in the C locale: formats a time by directives such as %d %b %Y.</summary>
static class TimeFormat
{
    public static string Format(DateTime time, string format)
    {
        var text = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }
            var flag = format[++i];
            var isPlain = flag is not ('-' or '_' or '^') || i + 1 == format.Length;
            var directive = isPlain ? flag : format[++i];
            var part = Part(time, directive) ?? "%" + (isPlain ? "" : flag) + directive;
            text.Append(isPlain ? part : flag switch
            {
                '-' => part.TrimStart('0', ' ') is { Length: > 0 } trimmed ? trimmed : "0",
                '_' => part.TrimStart('0').PadLeft(part.Length),
                _ => part.ToUpperInvariant(),
            });
        }
        return text.ToString();
    }

    static string? Part(DateTime time, char directive) => directive switch
    {
        'a' => Named(time, "ddd"),
        'A' => Named(time, "dddd"),
        'b' or 'h' => Named(time, "MMM"),
        'B' => Named(time, "MMMM"),
        'c' => Format(time, "%a %b %e %H:%M:%S %Y"),
        'C' => $"{time.Year / 100:00}",
        'd' => $"{time.Day:00}",
        'D' or 'x' => Format(time, "%m/%d/%y"),
        'e' => $"{time.Day,2}",
        'f' => $"{time.Ticks % TimeSpan.TicksPerSecond / 10:000000}",
        'F' => Format(time, "%Y-%m-%d"),
        'G' => $"{ISOWeek.GetYear(time)}",
        'H' => $"{time.Hour:00}",
        'I' => $"{(time.Hour + 11) % 12 + 1:00}",
        'j' => $"{time.DayOfYear:000}",
        'k' => $"{time.Hour,2}",
        'l' => $"{(time.Hour + 11) % 12 + 1,2}",
        'm' => $"{time.Month:00}",
        'M' => $"{time.Minute:00}",
        'n' => "\n",
        'p' => time.Hour < 12 ? "AM" : "PM",
        'P' => time.Hour < 12 ? "am" : "pm",
        'r' => Format(time, "%I:%M:%S %p"),
        'R' => Format(time, "%H:%M"),
        's' => $"{new DateTimeOffset(time).ToUnixTimeSeconds()}",
        'S' => $"{time.Second:00}",
        't' => "\t",
        'T' or 'X' => Format(time, "%H:%M:%S"),
        'u' => $"{((int)time.DayOfWeek + 6) % 7 + 1}",
        'U' => $"{(time.DayOfYear + 6 - (int)time.DayOfWeek) / 7:00}",
        'V' => $"{ISOWeek.GetWeekOfYear(time):00}",
        'w' => $"{(int)time.DayOfWeek}",
        'W' => $"{(time.DayOfYear + 6 - ((int)time.DayOfWeek + 6) % 7) / 7:00}",
        'y' => $"{time.Year % 100:00}",
        'Y' => $"{time.Year}",
        'z' or 'Z' => "",                                          // the time has no time zone
        '%' => "%",
        _ => null,
    };

    static string Named(DateTime time, string format) => time.ToString(format, CultureInfo.InvariantCulture);
}
