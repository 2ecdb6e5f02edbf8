using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;

namespace Attune.Training.Remote;

/// <summary>
/// A child process that answers one line on its stdin with one line on its stdout. Keeps the end of its stderr.
/// </summary>
sealed class LineProcess : IDisposable
{
    const int MaxErrorOutput = 2000;
    static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);
    static readonly ConcurrentDictionary<LineProcess, bool> Running = [];

    readonly Process process;
    readonly Stream output;
    readonly byte[] buffer = new byte[64 * 1024];
    readonly StringBuilder errorOutput = new();
    readonly Task errorReader;
    int next, end;

    LineProcess(Process process)
    {
        this.process = process;
        output = process.StandardOutput.BaseStream;
        errorReader = ReadErrorOutput();
        Running[this] = true;
    }

    /// <summary>The system's shell, and its option that runs a command.</summary>
    public static (string Program, string Option) Shell => OperatingSystem.IsWindows() ? ("cmd.exe", "/c") : ("/bin/sh", "-c");

    /// <summary>Kills all that run, with their child processes.</summary>
    public static void KillAll()
    {
        foreach (var running in Running.Keys)
            running.process.Kill(entireProcessTree: true);
    }

    /// <exception cref="InvalidDataException">There is no such folder, or no shell.</exception>
    public static LineProcess Start(string command, string folder)
    {
        var start = new ProcessStartInfo(Shell.Program, [Shell.Option, command])
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardErrorEncoding = Encoding.UTF8,
        };
        try
        {
            return new(Process.Start(start)!);
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            var place = folder.Length > 0 ? folder : "the current folder";
            throw new InvalidDataException($"the command `{command}` cannot be started in {place}: {error.Message}", error);
        }
    }

    /// <summary>The exit code; null while it runs.</summary>
    public int? ExitCode => process.WaitForExit(Grace) ? process.ExitCode : null;

    /// <summary>The last lines of its stderr.</summary>
    public string LastErrorOutput
    {
        get
        {
            errorReader.Wait(Grace);
            lock (errorOutput)
            {
                var lines = errorOutput.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
                return string.Join('\n', lines.TakeLast(10).Select(line => "  " + line.TrimEnd()));
            }
        }
    }

    /// <summary>Writes a line, and returns the line that is written back.</summary>
    /// <exception cref="EndOfStreamException">It closed its stdout.</exception>
    /// <exception cref="InvalidDataException">The line is too long.</exception>
    public async Task<byte[]> Send(byte[] request)
    {
        // before writing: neither side waits for the other to read
        var answer = ReadLine();
        try
        {
            await process.StandardInput.BaseStream.WriteAsync((byte[])[.. request, (byte)'\n']).ConfigureAwait(false);
            await process.StandardInput.BaseStream.FlushAsync().ConfigureAwait(false);
        }
        catch (IOException)                                                         // it ended: the end of its output is reported
        {
        }
        return await answer.ConfigureAwait(false);
    }

    /// <summary>Closes its stdin, and kills it with its child processes if it does not end.</summary>
    public void Dispose()
    {
        try
        {
            process.StandardInput.Close();
        }
        catch (IOException)                                                         // it ended without reading all of it
        {
        }
        if (!process.WaitForExit(Grace))
            process.Kill(entireProcessTree: true);
        process.WaitForExit(Grace);
        Running.TryRemove(this, out _);
    }

    async Task<byte[]> ReadLine()
    {
        using var line = new MemoryStream();
        while (true)
        {
            if (next == end)
                (next, end) = (0, await output.ReadAsync(buffer).ConfigureAwait(false));
            if (end == 0)
                throw new EndOfStreamException();
            var length = Array.IndexOf(buffer, (byte)'\n', next, end - next) is var at and >= 0 ? at - next : end - next;
            line.Write(buffer, next, length);
            next += length;
            if (next < end)
            {
                next++;
                return line.ToArray();
            }
            if (line.Length > IRemote.MaxAnswerBytes)
                throw new InvalidDataException($"its answer has more than {IRemote.MaxAnswerBytes} bytes");
        }
    }

    async Task ReadErrorOutput()
    {
        var text = new char[4096];
        while (await process.StandardError.ReadAsync(text).ConfigureAwait(false) is var count and > 0)
            lock (errorOutput)
            {
                errorOutput.Append(text, 0, count);
                if (errorOutput.Length > MaxErrorOutput)
                    errorOutput.Remove(0, errorOutput.Length - MaxErrorOutput);
            }
    }
}
