using Attune.Text;
using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>
/// A reward that is a function of the program. A recipe file cannot hold it, so a run with it is resumed from the program that started it.
/// </summary>
public sealed record FunctionReward : RewardOptions
{
    internal const string KindName = "function";

    readonly Func<IReadOnlyList<TextResponse>, IReadOnlyList<double>> function;
    readonly bool waits;

    /// <param name="function">Gives one finite score for each response, in their order; more is better.</param>
    public FunctionReward(Func<IReadOnlyList<TextResponse>, IReadOnlyList<double>> function) => this.function = function;

    /// <summary>A function that waits for something else, such as a server: other rewards are computed meanwhile.</summary>
    /// <param name="function">Gives one finite score for each response, in their order; more is better.</param>
    public FunctionReward(Func<IReadOnlyList<TextResponse>, Task<IReadOnlyList<double>>> function)
        : this(responses => Task.Run(() => function(responses)).GetAwaiter().GetResult()) =>
        waits = true;

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override IRewardSource Build(RewardContext context) =>
        new PluginSource(Title, new FunctionSource(function, waits, context.Policy.Tokenizer));
}

/// <summary>The scores of a function.</summary>
sealed class FunctionSource(
    Func<IReadOnlyList<TextResponse>, IReadOnlyList<double>> function, bool waits, Tokenizer tokenizer) : IRewardSource
{
    public bool IsRemote => waits;

    public Scores Score(Rollouts rollouts) => Scores.FromTotals(function(TextResponse.FromRollouts(rollouts, tokenizer)));
}
