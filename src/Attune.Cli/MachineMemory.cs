using System.Globalization;

namespace Attune.Cli;

/// <summary>The memory that this process may use: that of the machine, or of its control groups (containers) where that is less.</summary>
/// <param name="Total">Bytes in all.</param>
/// <param name="Free">Bytes that are not in use, or only hold cached files.</param>
/// <param name="IsLimited">Whether a control group allows less than the machine has.</param>
sealed record MachineMemory(long Total, long Free, bool IsLimited)
{
    /// <param name="root">The folder that has /proc and /sys.</param>
    public static MachineMemory Read(string root)
    {
        var machine = Numbers(Path.Combine(root, "proc/meminfo"));
        var memory = new MachineMemory(1024 * machine["MemTotal:"], 1024 * machine["MemAvailable:"], IsLimited: false);
        return ControlGroups(root).Aggregate(memory, (least, group) => group.Limit is not { } limit || limit >= least.Total
            ? least
            : new(limit, Math.Min(least.Free, limit - group.Used), IsLimited: true));
    }

    /// <summary>The control groups of this process, from its own to the outermost (version 2), or its own (version 1).</summary>
    static IEnumerable<(long? Limit, long Used)> ControlGroups(string root)
    {
        var own = Path.Combine(root, "proc/self/cgroup");
        foreach (var line in File.Exists(own) ? File.ReadLines(own) : [])
        {
            if (line.Split(':') is not [_, var controllers, var group])
                continue;
            if (controllers.Length == 0)
                for (var at = group.Trim('/'); ; at = Path.GetDirectoryName(at) ?? "")
                {
                    yield return Group(Path.Combine(root, "sys/fs/cgroup", at), "memory.max", "memory.current", "inactive_file");
                    if (at.Length == 0)
                        break;
                }
            else if (controllers.Split(',').Contains("memory"))
                foreach (var at in new[] { group.Trim('/'), "" })                  // a container sees its own group as the outermost
                    yield return Group(
                        Path.Combine(root, "sys/fs/cgroup/memory", at), "memory.limit_in_bytes", "memory.usage_in_bytes",
                        "total_inactive_file");
        }
    }

    static (long? Limit, long Used) Group(string folder, string limit, string usage, string cached) =>
        Number(Path.Combine(folder, limit)) is { } most && Number(Path.Combine(folder, usage)) is { } used
            ? (most, Math.Max(0, used - Numbers(Path.Combine(folder, "memory.stat")).GetValueOrDefault(cached)))
            : (null, 0);

    /// <summary>The number in a file; null where there is none, as for "max".</summary>
    static long? Number(string path) =>
        File.Exists(path) && long.TryParse(File.ReadAllText(path), CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>The numbers of a file of lines with a name and a number.</summary>
    static Dictionary<string, long> Numbers(string path) => (File.Exists(path) ? File.ReadLines(path) : [])
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length > 1)
        .ToDictionary(words => words[0], words => long.Parse(words[1], CultureInfo.InvariantCulture), StringComparer.Ordinal);
}
