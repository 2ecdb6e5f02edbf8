using System.Globalization;
using Attune.Data.Agreement;

namespace Attune.Reporting.Charts;

/// <summary>Formats numbers and times for people, independent of the culture.</summary>
public static class NumberFormat
{
    static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    /// <summary>A number with three significant digits: 4.21, 0.0123, 12,345, 3e-5.</summary>
    public static string Number(double value)
    {
        var size = Math.Abs(value);
        if (!double.IsFinite(value))
            return double.IsNaN(value) ? "not a number" : value > 0 ? "∞" : "−∞";
        if (size == 0)
            return "0";
        if (size is < 1e-3 or >= 1e7)
            return Sign(value.ToString("0.##e0", Culture));
        var decimals = Math.Clamp(2 - (int)Math.Floor(Math.Log10(size)), 0, 5);
        return Sign(value.ToString("#,0." + new string('#', decimals), Culture));
    }

    /// <summary>A tick of an axis, with the decimals that the step needs.</summary>
    public static string Tick(double value, double step)
    {
        if (value == 0)
            return "0";
        if (Math.Abs(value) >= 1e7 || step < 1e-4)
            return Sign(value.ToString("0.##e0", Culture));
        if (Math.Abs(value) >= 1e6)
            return Sign((value / 1e6).ToString("0.##", Culture)) + "M";
        var decimals = Math.Clamp(-(int)Math.Floor(Math.Log10(step) + 1e-9), 0, 4);
        return Sign(value.ToString("#,0." + new string('0', decimals), Culture));
    }

    /// <summary>8s, 2m27s, 3h05m, 2d04h.</summary>
    public static string Duration(TimeSpan time)
    {
        var whole = TimeSpan.FromSeconds(Math.Round(Math.Max(0, time.TotalSeconds)));
        return whole switch
        {
            { TotalMinutes: < 1 } => string.Create(Culture, $"{whole.Seconds}s"),
            { TotalHours: < 1 } => string.Create(Culture, $"{whole.Minutes}m{whole.Seconds:00}s"),
            { TotalDays: < 1 } => string.Create(Culture, $"{whole.Hours}h{whole.Minutes:00}m"),
            _ => string.Create(Culture, $"{whole.Days}d{whole.Hours:00}h"),
        };
    }

    /// <summary>87 %, or 87.3 % with one decimal.</summary>
    public static string Percent(double share, int decimals = 0) => Fixed(100 * share, decimals) + " %";

    /// <summary>A number with a fixed number of decimals, and no minus sign before a zero: 0.0, −1.3.</summary>
    public static string Fixed(double value, int decimals) => Sign(WithoutMinusZero(value.ToString($"F{decimals}", Culture)));

    /// <summary>"95 % interval 79 to 88 %": Wilson's interval of a share.</summary>
    /// <param name="share">The share, from 0 to 1.</param>
    /// <param name="count">The number of independent trials.</param>
    public static string Interval(double share, double count)
    {
        var (low, high) = Proportion.Wilson(share, count);
        return $"95 % interval {Range(low, high)}";
    }

    /// <summary>79 to 88 %, or 79.2 to 87.9 % with one decimal.</summary>
    public static string Range(double low, double high, int decimals = 0) => $"{Fixed(100 * low, decimals)} to {Percent(high, decimals)}";

    static string WithoutMinusZero(string number) => number.AsSpan().IndexOfAnyInRange('1', '9') < 0 ? number.TrimStart('-') : number;

    static string Sign(string number) => number.Replace('-', '−').Replace("e−", "e-", StringComparison.Ordinal);
}
