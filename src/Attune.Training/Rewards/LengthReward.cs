using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Rewards;

/// <summary>What a length is counted in.</summary>
public enum LengthUnit
{
    /// <summary>Tokens of the policy, without the one that ends an answer.</summary>
    Tokens,

    /// <summary>Words between white space.</summary>
    Words,

    /// <summary>UTF-16 units.</summary>
    Characters,
}

/// <summary>How long an answer is, or how near its length is to the one that is wanted.</summary>
public sealed record LengthReward : RuleReward
{
    public override string Kind => "length";

    /// <summary>What is counted: tokens, words or characters.</summary>
    public LengthUnit Unit { get; init; }

    /// <summary>The length that scores 0, and others their distance from it below 0, as a share of it; 0 to score the length itself.</summary>
    [Range(0, double.PositiveInfinity)]
    public int Target { get; init; }

    public override double Score(TextResponse answer)
    {
        double length = Unit switch
        {
            LengthUnit.Words => WordSplitter.Split(answer.Text).Length,
            LengthUnit.Characters => answer.Text.Length,
            _ => answer.TokenCount,
        };
        return Target == 0 ? length : -Math.Abs(length - Target) / Target;
    }
}

/// <summary>Texts in words.</summary>
static class WordSplitter
{
    public static string[] Split(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
