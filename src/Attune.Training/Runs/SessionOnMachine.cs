using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using Attune.Reporting.Runs;
using Attune.Torch;
using Attune.Torch.Distributed;

namespace Attune.Training.Runs;

/// <summary>Describes what a run runs on: the commit of the program, the device, the machine and libtorch.</summary>
static class SessionOnMachine
{
    const string Dtype = "dtype";

    static readonly Lazy<string> Commit = new(() => GitCommit() ?? $"version {Version}");

    static string Version =>
        typeof(SessionOnMachine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public static RunSession Describe(Run run, int step) => new(step, new OrderedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["time"] = $"{DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC",
        ["commit"] = Commit.Value,
        ["device"] = $"{run.Device}",
        [Dtype] = run.Dtype.Name(),
        ["processor"] = $"{Processor()}, {Environment.ProcessorCount} threads",
        ["threads of an operator"] = $"{TorchLibrary.Threads}",
        ["ranks"] = $"{Ranks.Current.Count}",
        ["memory"] = $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30):F1} GiB",
        ["libtorch"] = TorchLibrary.Version,
        [".NET"] = RuntimeInformation.FrameworkDescription,
        ["system"] = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}",
    });

    /// <summary>The name of the type that a run started with; null for a run of a version that did not record it.</summary>
    public static string? DtypeOf(RunFolder folder) =>
        RunSession.Read(folder) is [var first, ..] ? first.Values.GetValueOrDefault(Dtype) : null;

    /// <summary>The name of the processor; the architecture where the system does not name it.</summary>
    static string Processor() =>
        (File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo") : [])
            .Where(line => line.StartsWith("model name", StringComparison.Ordinal)).Select(line => line[(line.IndexOf(':') + 1)..].Trim())
            .FirstOrDefault() ?? $"{RuntimeInformation.ProcessArchitecture}";

    /// <summary>The commit of the repository that the program is in, with "-dirty" where files differ; null without git.</summary>
    static string? GitCommit()
    {
        var start = new ProcessStartInfo("git") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments = ["-C", AppContext.BaseDirectory, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        try
        {
            using var git = Process.Start(start)!;
            var commit = git.StandardOutput.ReadToEnd().Trim();
            git.WaitForExit();
            return git.ExitCode == 0 && commit.Length > 0 ? commit : null;
        }
        catch (Win32Exception)
        {
            return null;                                         // git is not installed
        }
    }
}
