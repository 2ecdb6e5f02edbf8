using System.ComponentModel.DataAnnotations;
using Attune.Training.Options;

namespace Attune.Training.Rewards;

/// <summary>
/// A reward from a program, which is started at the first batch: each batch is a line on its stdin, answered by a line on its stdout. It
/// should exit when its stdin is closed.
/// </summary>
public sealed record ProcessReward : RemoteReward
{
    public override string Kind => "process";

    /// <summary>The command, which the system's shell runs.</summary>
    [Required(ErrorMessage = "must be a command")]
    public string Command { get; init; } = "";

    /// <summary>The folder that it runs in; empty for the current one.</summary>
    [ExistingPath(IsFolder = true)]
    public string Folder { get; init; } = "";

    public override RewardOptions WithFullPaths() => this with { Folder = RecipePaths.Full(Folder.Length > 0 ? Folder : ".") };

    private protected override IRemote Connect() => new ChildRemote(Command, Folder);
}

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
