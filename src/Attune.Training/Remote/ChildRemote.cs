namespace Attune.Training.Remote;

/// <summary>A child process that is started at the first request, and again after it has ended or timed out.</summary>
sealed class ChildRemote(string command, string folder) : IRemote
{
    LineProcess? child;

    public byte[] Send(byte[] request, TimeSpan timeout, CancellationToken cancellation)
    {
        child ??= LineProcess.Start(command, folder);
        try
        {
            return child.Send(request).WaitAsync(timeout, cancellation).GetAwaiter().GetResult();
        }
        catch (TimeoutException error)
        {
            throw new IOException($"the command `{command}` did not answer within {timeout.TotalSeconds} s{Ended()}", error);
        }
        catch (EndOfStreamException error)
        {
            var code = child.ExitCode is { } found ? $" with exit code {found}" : "";
            throw new IOException($"the command `{command}` ended{code} and did not answer{Ended()}", error);
        }
    }

    public void Dispose() => child?.Dispose();

    /// <summary>Ends the child, and returns its last output on stderr, for messages.</summary>
    string Ended()
    {
        child!.Dispose();
        var lastOutput = child.LastErrorOutput;
        child = null;
        return lastOutput.Length > 0 ? $"; its last lines on stderr:\n{lastOutput}\n" : ", and wrote nothing to stderr";
    }
}
