using System.ComponentModel.DataAnnotations;
using Attune.Training.Options;
using Attune.Training.Remote;

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
