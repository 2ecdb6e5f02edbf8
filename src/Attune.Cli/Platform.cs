using System.Runtime.InteropServices;

namespace Attune.Cli;

/// <summary>The platforms that Attune runs on.</summary>
static class Platform
{
    /// <summary>Why Attune cannot run here; null where it can.</summary>
    public static string? Problem => ProblemOf(OperatingSystem.IsLinux(), RuntimeInformation.ProcessArchitecture);

    public static string? ProblemOf(bool isLinux, Architecture architecture) =>
        isLinux && architecture is (Architecture.X64 or Architecture.Arm64)
            ? null
            : $"Attune does not run on this machine ({RuntimeInformation.OSDescription}, {architecture}). It needs Linux on x86-64 or "
                + "ARM64: such a machine, WSL 2 on Windows, or a container. README.md lists the platforms.";
}
