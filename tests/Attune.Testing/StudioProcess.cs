using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Attune.Testing;

/// <summary>The command <c>attune studio</c> in a separate process, which can be killed and started again at the same address.</summary>
/// <param name="attune">The program.</param>
/// <param name="folder">Its folder.</param>
/// <param name="store">The address of its store; a file in the folder when left out.</param>
public sealed class StudioProcess(string attune, string folder, string? store = null) : IDisposable
{
    Process? process;

    public Uri Address { get; } = new($"http://127.0.0.1:{FreePort()}");

    /// <summary>Returns when it answers requests.</summary>
    public void Start()
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (var word in new[] { attune, "studio", "--folder", folder, "--runs", Path.Combine(folder, "runs"), "--listen",
            Address.Authority })
            start.ArgumentList.Add(word);
        if (store is not null)
        {
            start.ArgumentList.Add("--store");
            start.ArgumentList.Add(store);
        }
        process = Process.Start(start)!;
        if (process.StandardOutput.ReadLine() is null)
            throw new InvalidOperationException("the studio ended before it answered");
    }

    /// <summary>Whether its process has loaded a native library.</summary>
    public bool HasLoaded(string library) => File.ReadAllText($"/proc/{process!.Id}/maps").Contains(library, StringComparison.Ordinal);

    /// <summary>The processor time that it has used since it started.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            process!.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>Stops it with SIGTERM.</summary>
    /// <returns>Its exit code.</returns>
    public int Stop()
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{process!.Id}"]))
            kill.WaitForExit();
        process.WaitForExit();
        var code = process.ExitCode;
        process.Dispose();
        process = null;
        return code;
    }

    /// <summary>Kills it with SIGKILL.</summary>
    public void Kill()
    {
        process?.Kill();
        process?.WaitForExit();
        process?.Dispose();
        process = null;
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public void Dispose() => Kill();
}
