namespace Attune.Training.Policies;

/// <summary>Where values come from.</summary>
public enum CriticKind
{
    /// <summary>A head on the policy's last hidden states.</summary>
    Head,

    /// <summary>Top layers of its own over the policy's lower ones.</summary>
    Branch,

    /// <summary>A model of its own, which begins as a reward model.</summary>
    Model,
}

/// <summary>Who estimates returns.</summary>
public sealed record CriticOptions
{
    /// <summary>head (on the policy's last hidden states), branch (top layers of its own) or model (a model of its own).</summary>
    public CriticKind Kind { get; init; }

    /// <summary>Top layers that a branch has of its own.</summary>
    public int Layers { get; init; } = 2;

    /// <summary>The reward model that a model of its own begins as; empty for rewardModel.</summary>
    public string Model { get; init; } = "";

    /// <summary>Steps at the start in which only the critic learns.</summary>
    public int WarmupSteps { get; init; }

    /// <summary>What is wrong with the values.</summary>
    /// <param name="rewardModel">The recipe's reward model; empty when its rewards come from elsewhere.</param>
    public IEnumerable<string> Problems(string rewardModel)
    {
        if (Layers < 1)
            yield return $"layers: a number of at least 1 was expected, found {Layers}";
        if (WarmupSteps < 0)
            yield return $"warmupSteps: a number of at least 0 was expected, found {WarmupSteps}";
        if (Kind != CriticKind.Model && Model.Length > 0)
            yield return $"model: it is for kind model, and kind is {Kind.ToString().ToLowerInvariant()}";
        if (Kind == CriticKind.Model && Model.Length == 0 && rewardModel.Length == 0)
            yield return "model: a folder with a reward model was expected, since there is no rewardModel";
    }
}
