using Attune.Text;
using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>
/// A reward that is a function of the program. A recipe file cannot hold it, so a run with it is resumed from the program that started it.
/// </summary>
public sealed record FunctionReward : RewardOptions
{
    internal const string KindName = "function";

    readonly Func<IReadOnlyList<TextResponse>, Scores> function;
    readonly bool waits;

    /// <param name="function">
    /// Scores of the responses, in their order: of whole responses, of their tokens, or none for some of them; more is better.
    /// </param>
    public FunctionReward(Func<IReadOnlyList<TextResponse>, Scores> function) => this.function = function;

    /// <param name="function">Gives one finite score for each response, in their order; more is better.</param>
    public FunctionReward(Func<IReadOnlyList<TextResponse>, IReadOnlyList<double>> function)
        : this(responses => Scores.FromTotals(function(responses)))
    {
    }

    /// <summary>A function that waits for something else, such as a server: other rewards are computed meanwhile.</summary>
    /// <param name="function">Gives one finite score for each response, in their order; more is better.</param>
    public FunctionReward(Func<IReadOnlyList<TextResponse>, Task<IReadOnlyList<double>>> function)
        : this(async responses => Scores.FromTotals(await function(responses).ConfigureAwait(false)))
    {
    }

    /// <inheritdoc cref="FunctionReward(Func{IReadOnlyList{TextResponse}, Task{IReadOnlyList{double}}})"/>
    /// <param name="function">
    /// Scores of the responses, in their order: of whole responses, of their tokens, or none for some of them; more is better.
    /// </param>
    public FunctionReward(Func<IReadOnlyList<TextResponse>, Task<Scores>> function)
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
    Func<IReadOnlyList<TextResponse>, Scores> function, bool waits, Tokenizer tokenizer) : IRewardSource
{
    public bool IsRemote => waits;

    public Scores Score(Rollouts rollouts) => function(TextResponse.FromRollouts(rollouts, tokenizer));
}
