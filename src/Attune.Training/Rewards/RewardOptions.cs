using System.ComponentModel.DataAnnotations;
using Attune.Training.Options;
using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>
/// A reward of a recipe: an item of the list <c>rewards</c>, whose <c>kind</c> is one of <see cref="RewardSources.Kinds"/>.
/// </summary>
public abstract record RewardOptions : IKind
{
    /// <summary>The value of <c>kind</c> in a recipe.</summary>
    public abstract string Kind { get; }

    /// <summary>Its name in metrics and messages; empty for its kind.</summary>
    [RegularExpression(@"[\p{L}\p{Nd}._-]*", ErrorMessage = "must have only letters, digits, -, _ and .")]
    public string Name { get; init; } = "";

    /// <summary>Its weight in the sum; below 0 for a penalty, 0 to log it only.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>
    /// How it is scaled before it is weighted: none; or to mean 0 and standard deviation 1 of the first step's scores (reference), of all
    /// scores so far (running), or of each step's scores (whiten).
    /// </summary>
    public ScoreScaling Scaling { get; init; }

    /// <summary>The name, or the kind where there is none.</summary>
    public string Title => Name.Length > 0 ? Name : Kind;

    /// <summary>The options with absolute paths.</summary>
    public virtual RewardOptions WithFullPaths() => this;

    /// <summary>Fields that every prompt's row must have.</summary>
    public virtual IReadOnlyList<string> RowFields => [];

    /// <summary>Whether it compares the responses to a prompt with each other, so that it needs several.</summary>
    public virtual bool ComparesResponses => false;

    /// <summary>Creates the source.</summary>
    /// <exception cref="InvalidDataException">A model, a file or a plug-in cannot be used; the message says why.</exception>
    public abstract IRewardSource Build(RewardContext context);
}

/// <summary>What rewards are built for.</summary>
/// <param name="Policy">The policy whose responses are scored.</param>
public sealed record RewardContext(Policy Policy)
{
    /// <summary>The type of a reward model's weights; null for the one that they are stored in.</summary>
    public Torch.DType? Dtype { get; init; } = Torch.DType.Float32;

    /// <summary>How many batches a reward model scores in parallel on a CPU, each on one thread.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Ends a request to another program that does not answer.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Shows a notice, such as that a request is retried; called from any thread.</summary>
    public Action<string> Say { get; init; } = _ => { };
}
