using System.Globalization;

namespace Attune.Cli.Bench;

/// <summary>What Linux says of the memory of this process; 0 elsewhere.</summary>
static class ProcessMemory
{
    const string Status = "/proc/self/status";
    const string Stat = "/proc/self/stat";

    public static long ResidentBytes => Field("VmRSS:");

    /// <summary>The most that was ever resident.</summary>
    public static long PeakBytes => Field("VmHWM:");

    /// <summary>Minor ones, which found memory without a disk: the eighth field behind the name of the process.</summary>
    public static long PageFaults => File.Exists(Stat) && File.ReadAllText(Stat) is var line
        ? long.Parse(line[(line.LastIndexOf(')') + 2)..].Split(' ')[7], CultureInfo.InvariantCulture)
        : 0;

    static long Field(string name) => File.Exists(Status) && File.ReadLines(Status).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } found
        ? 1024 * long.Parse(found[name.Length..].Trim().Split(' ')[0], CultureInfo.InvariantCulture)
        : 0;
}
