using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Rewards;

/// <summary>The unit of a length.</summary>
public enum LengthUnit
{
    /// <summary>Tokens of the policy, without the end-of-sequence token.</summary>
    Tokens,

    /// <summary>Words, separated by white space.</summary>
    Words,

    /// <summary>UTF-16 code units.</summary>
    Characters,
}

/// <summary>The length of a response, or how near it is to a target length.</summary>
public sealed record LengthReward : RuleReward
{
    public override string Kind => "length";

    /// <summary>The unit: tokens, words or characters.</summary>
    public LengthUnit Unit { get; init; }

    /// <summary>The target length: the score is −|length − target| / target; 0 to score the length itself.</summary>
    [Range(0, double.PositiveInfinity)]
    public int Target { get; init; }

    public override double Score(TextResponse answer)
    {
        double length = answer.Units(Unit).Length;
        return Target == 0 ? length : -Math.Abs(length - Target) / Target;
    }
}
