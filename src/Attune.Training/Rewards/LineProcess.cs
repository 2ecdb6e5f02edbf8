using System.Diagnostics;
using System.Text;

namespace Attune.Training.Rewards;

/// <summary>
/// A running command that is talked to by lines: one on its stdin, one back from its stdout. The end of what it writes to stderr is kept.
/// </summary>
sealed class LineProcess : IDisposable
{
    const int WordsKept = 2000;
    static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    readonly Process process;
    readonly Stream answers;
    readonly byte[] buffer = new byte[64 * 1024];
    readonly StringBuilder words = new();
    readonly Task listening;
    int next, end;

    LineProcess(Process process)
    {
        this.process = process;
        answers = process.StandardOutput.BaseStream;
        listening = Listen();
    }

    /// <exception cref="InvalidDataException">There is no such folder, or no shell.</exception>
    public static LineProcess Start(string command, string folder)
    {
        var (shell, option) = OperatingSystem.IsWindows() ? ("cmd.exe", "/c") : ("/bin/sh", "-c");
        var start = new ProcessStartInfo(shell, [option, command])
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

    /// <summary>Null while it runs.</summary>
    public int? ExitCode => process.WaitForExit(Grace) ? process.ExitCode : null;

    /// <summary>The last lines that it wrote to stderr.</summary>
    public string LastErrorOutput
    {
        get
        {
            listening.Wait(Grace);
            lock (words)
            {
                var lines = words.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
                return string.Join('\n', lines.TakeLast(10).Select(line => "  " + line.TrimEnd()));
            }
        }
    }

    /// <summary>The line that comes back for a line.</summary>
    /// <exception cref="EndOfStreamException">It closed its stdout.</exception>
    /// <exception cref="InvalidDataException">The line does not end.</exception>
    public async Task<byte[]> Send(byte[] request)
    {
        var answer = ReadLine();                                                    // at once: neither side waits for the other to read
        try
        {
            await process.StandardInput.BaseStream.WriteAsync((byte[])[.. request, (byte)'\n']).ConfigureAwait(false);
            await process.StandardInput.BaseStream.FlushAsync().ConfigureAwait(false);
        }
        catch (IOException)                                                         // it ended: so does what it writes
        {
        }
        return await answer.ConfigureAwait(false);
    }

    /// <summary>Lets it end by itself, or makes it, with all that it started.</summary>
    public void Dispose()
    {
        try
        {
            process.StandardInput.Close();
        }
        catch (IOException)                                                         // what it did not read is lost
        {
        }
        if (!process.WaitForExit(Grace))
            process.Kill(entireProcessTree: true);
        process.WaitForExit(Grace);
    }

    async Task<byte[]> ReadLine()
    {
        using var line = new MemoryStream();
        while (true)
        {
            if (next == end)
                (next, end) = (0, await answers.ReadAsync(buffer).ConfigureAwait(false));
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
            if (line.Length > RewardProtocol.LargestAnswer)
                throw new InvalidDataException($"its answer has more than {RewardProtocol.LargestAnswer} bytes");
        }
    }

    async Task Listen()
    {
        var text = new char[4096];
        while (await process.StandardError.ReadAsync(text).ConfigureAwait(false) is var count and > 0)
            lock (words)
            {
                words.Append(text, 0, count);
                if (words.Length > WordsKept)
                    words.Remove(0, words.Length - WordsKept);
            }
    }
}
