using System.ComponentModel.DataAnnotations;
using Attune.Text;
using Attune.Training.Options;
using Attune.Training.Plugins;
using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>
/// A class of another assembly: a public <see cref="IRewardSource"/> or <see cref="IRule"/> with a constructor without parameters, or with
/// the policy's <see cref="Tokenizer"/>.
/// </summary>
public sealed record PluginReward : RewardOptions
{
    public override string Kind => "plugin";

    /// <summary>The path of a .NET assembly.</summary>
    [Required(ErrorMessage = "must be the path of a .NET assembly")]
    [ExistingPath]
    public string Assembly { get; init; } = "";

    /// <summary>The name of a class of the assembly, with its namespace.</summary>
    [Required(ErrorMessage = "must be the name of a class with its namespace")]
    public string Type { get; init; } = "";

    public override RewardOptions WithFullPaths() => this with { Assembly = RecipePaths.Full(Assembly) };

    public override IRewardSource Build(RewardContext context)
    {
        var tokenizer = context.Policy.Tokenizer;
        return new PluginClass($"the reward '{Title}'", Assembly, typeof(IRewardSource), typeof(IRule)).Create(Type, tokenizer) switch
        {
            IRewardSource source => new PluginSource(Title, source),
            var rule => new PluginSource(Title, new RuleSource((IRule)rule, tokenizer)),
        };
    }
}

/// <summary>A source of a plug-in: its exceptions become messages to the user.</summary>
sealed class PluginSource(string name, IRewardSource source) : IRewardSource
{
    public bool IsRemote => source.IsRemote;

    public bool ComparesResponses => source.ComparesResponses;

    public IEnumerable<(string Name, States.IRunState State)> States => source.States;

    public Scores Score(Rollouts rollouts) => Guard(() => source.Score(rollouts));

    public Scores ScoreAndUpdateStatistics(Rollouts rollouts) => Guard(() => source.ScoreAndUpdateStatistics(rollouts));

    public void Dispose() => source.Dispose();

    Scores Guard(Func<Scores> score)
    {
        try
        {
            return score() is { Rows: not null } scores ? scores : throw new InvalidDataException($"the reward '{name}' gave no scores");
        }
        catch (Exception error) when (error is not (InvalidDataException or OutOfMemoryException))
        {
            throw new InvalidDataException($"the reward '{name}' failed: {error.GetType().Name}: {error.Message}", error);
        }
    }
}
