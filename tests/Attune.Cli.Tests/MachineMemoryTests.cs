using Attune.Testing;

namespace Attune.Cli.Tests;

/// <summary>The memory that <c>attune doctor</c> reports, from copies of the kernel's files.</summary>
public sealed class MachineMemoryTests : IDisposable
{
    const long Mebibyte = 1 << 20;

    readonly TemporaryFolder root = new();

    public void Dispose() => root.Dispose();

    [Fact]
    public void Read_WithoutALimit_IsWhatTheKernelCallsAvailable()
    {
        Write("proc/meminfo", "MemTotal:       8388608 kB\nMemFree:         102400 kB\nMemAvailable:   4194304 kB\n");
        Write("proc/self/cgroup", "0::/user\n");
        Write("sys/fs/cgroup/user/memory.max", "max\n");
        Assert.Equal(new(8192 * Mebibyte, 4096 * Mebibyte, false), MachineMemory.Read(root.Path));
    }

    [Fact]
    public void Read_LimitOfAnOuterControlGroup_CountsWithoutCachedFiles()
    {
        Write("proc/meminfo", "MemTotal:       8388608 kB\nMemAvailable:   4194304 kB\n");
        Write("proc/self/cgroup", "0::/box/inner\n");
        Write("sys/fs/cgroup/box/inner/memory.max", "max\n");
        Write("sys/fs/cgroup/box/memory.max", $"{2048 * Mebibyte}\n");
        Write("sys/fs/cgroup/box/memory.current", $"{1024 * Mebibyte}\n");
        Write("sys/fs/cgroup/box/memory.stat", $"anon 5\ninactive_file {512 * Mebibyte}\n");
        Assert.Equal(new(2048 * Mebibyte, 1536 * Mebibyte, true), MachineMemory.Read(root.Path));
    }

    [Fact]
    public void Read_ControlGroupsOfVersion1_Count()
    {
        Write("proc/meminfo", "MemTotal:       8388608 kB\nMemAvailable:   4194304 kB\n");
        Write("proc/self/cgroup", "11:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n");
        Write("sys/fs/cgroup/memory/memory.limit_in_bytes", $"{1024 * Mebibyte}\n");
        Write("sys/fs/cgroup/memory/memory.usage_in_bytes", $"{1000 * Mebibyte}\n");
        Assert.Equal(new(1024 * Mebibyte, 24 * Mebibyte, true), MachineMemory.Read(root.Path));
    }

    void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(root.File(path))!);
        root.Write(path, text);
    }
}
