using System.Globalization;

namespace Attune.Cli.Bench;

/// <summary>Memory of this process as Linux reports it; 0 on other systems.</summary>
static class ProcessMemory
{
    const string Status = "/proc/self/status";
    const string Stat = "/proc/self/stat";

    public static long ResidentBytes => Field("VmRSS:");

    /// <summary>The peak of the resident memory.</summary>
    public static long PeakBytes => Field("VmHWM:");

    /// <summary>Minor page faults (no disk access): the eighth field after the process name.</summary>
    public static long PageFaults => File.Exists(Stat) && File.ReadAllText(Stat) is var line
        ? long.Parse(line[(line.LastIndexOf(')') + 2)..].Split(' ')[7], CultureInfo.InvariantCulture)
        : 0;

    static long Field(string name)
    {
        var line = File.Exists(Status)
            ? File.ReadLines(Status).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) : null;
        return line is null ? 0 : 1024 * long.Parse(line[name.Length..].Trim().Split(' ')[0], CultureInfo.InvariantCulture);
    }
}
