using System.ComponentModel.DataAnnotations;
using Attune.Training.Options;

namespace Attune.Training.Rewards;

/// <summary>
/// A reward that another program gives, which is started with the run: a line on its stdin a batch, answered by a line on its stdout. It
/// should end when its stdin does.
/// </summary>
public sealed record ProcessReward : RemoteReward
{
    public override string Kind => "process";

    /// <summary>The command, as a shell understands it.</summary>
    [Required(ErrorMessage = "must be a command")]
    public string Command { get; init; } = "";

    /// <summary>The folder that it runs in; empty for the current one.</summary>
    public string Folder { get; init; } = "";

    public override RewardOptions WithFullPaths() => this with { Folder = RecipePaths.Full(Folder.Length > 0 ? Folder : ".") };

    private protected override IRemote Connect() => new ChildRemote(Command, Folder);
}

/// <summary>A child process that is started when it is first asked, and again when it has ended or kept silent.</summary>
sealed class ChildRemote(string command, string folder) : IRemote
{
    LineProcess? child;

    public byte[] Send(byte[] request, TimeSpan timeout)
    {
        child ??= LineProcess.Start(command, folder);
        try
        {
            return child.Send(request).WaitAsync(timeout).GetAwaiter().GetResult();
        }
        catch (TimeoutException error)
        {
            throw new IOException($"the command `{command}` gave no answer within {timeout.TotalSeconds} s{Ended()}", error);
        }
        catch (EndOfStreamException error)
        {
            var code = child.ExitCode is { } found ? $" with exit code {found}" : "";
            throw new IOException($"the command `{command}` ended{code} and gave no answer{Ended()}", error);
        }
    }

    public void Dispose() => child?.Dispose();

    /// <summary>Ends the child, and gives what it said last.</summary>
    string Ended()
    {
        child!.Dispose();
        var said = child.LastErrorOutput;
        child = null;
        return said.Length > 0 ? $"; its last words on stderr:\n{said}\n" : ", nor a word on stderr";
    }
}
