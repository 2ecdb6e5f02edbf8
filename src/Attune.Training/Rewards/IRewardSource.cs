namespace Attune.Training.Rewards;

/// <summary>Says how good responses are.</summary>
public interface IRewardSource
{
    /// <summary>One number a response, higher is better.</summary>
    double[] Score(Rollouts rollouts);
}
