using System.ComponentModel.DataAnnotations;
using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>A reward as a recipe writes it: an item of the list <c>rewards</c>, whose <c>kind</c> is one of <see cref="RewardSources.Kinds"/>.</summary>
public abstract record RewardOptions
{
    /// <summary>The kind that stands in a recipe.</summary>
    public abstract string Kind { get; }

    /// <summary>What it is called in metrics and messages; empty for its kind.</summary>
    [RegularExpression(@"[\p{L}\p{Nd}._-]*", ErrorMessage = "must have only letters, digits, -, _ and .")]
    public string Name { get; init; } = "";

    /// <summary>What it counts in the sum; below 0 for what is unwanted, 0 to log it only.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>
    /// Before it is weighted: none; or mean 0 and deviation 1, as in the first step (reference), of all so far (running), or of each step by
    /// itself (whiten).
    /// </summary>
    public ScoreScaling Scaling { get; init; }

    /// <summary>The name, or the kind where there is none.</summary>
    public string Title => Name.Length > 0 ? Name : Kind;

    /// <summary>The same with absolute paths.</summary>
    public virtual RewardOptions WithFullPaths() => this;

    /// <summary>Fields that every prompt's row must have.</summary>
    public virtual IReadOnlyList<string> RowFields => [];

    /// <summary>The source.</summary>
    /// <exception cref="InvalidDataException">A model, a file or a plug-in cannot be used; the message says why.</exception>
    public abstract IRewardSource Build(RewardContext context);
}

/// <summary>What rewards are built for.</summary>
/// <param name="Policy">Whose responses they rate.</param>
public sealed record RewardContext(Policy Policy)
{
    /// <summary>The type of a reward model's weights; null for the one that they are stored in.</summary>
    public Torch.DType? Dtype { get; init; } = Torch.DType.Float32;

    /// <summary>How many groups of texts a reward model reads at once on a CPU, a thread each.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Told, from whatever thread, what the user should know of a source that has not failed yet.</summary>
    public Action<string> Say { get; init; } = _ => { };
}
