using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using Attune.Text;

namespace Attune.Training.Rewards;

/// <summary>1 for an answer in which a pattern is found, 0 for another; or how often it is found.</summary>
public sealed record RegexReward : RuleReward, IValidatableObject
{
    static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    public override string Kind => "regex";

    /// <summary>A .NET regular expression.</summary>
    [MinLength(1, ErrorMessage = "must be a .NET regular expression")]
    public string Pattern { get; init; } = "";

    /// <summary>Whether it must be found at the beginning of the answer and reach to its end.</summary>
    public bool Whole { get; init; }

    /// <summary>Whether upper and lower case are the same.</summary>
    public bool IgnoreCase { get; init; }

    /// <summary>Whether the score is the number of places where it is found.</summary>
    public bool Count { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Mistake() is { } mistake)
            yield return new($"must be a .NET regular expression: {mistake.TrimEnd('.')}", [nameof(Pattern)]);
    }

    public override double Score(TextResponse answer)
    {
        try
        {
            return Count ? Regex.Count(answer.Text, Expression, Options, Longest) : Regex.IsMatch(answer.Text, Expression, Options, Longest) ? 1 : 0;
        }
        catch (RegexMatchTimeoutException error)
        {
            throw new InvalidDataException(
                $"the reward '{Title}' looked for /{Pattern}/ in {answer.Text.Quoted()} for {Longest.TotalSeconds} s in vain; "
                + "write a pattern that backtracks less", error);
        }
    }

    string Expression => Whole ? $@"\A(?:{Pattern})\z" : Pattern;

    RegexOptions Options => RegexOptions.CultureInvariant | (IgnoreCase ? RegexOptions.IgnoreCase : RegexOptions.None);

    string? Mistake()
    {
        try
        {
            _ = new Regex(Expression, Options, Longest);
            return null;
        }
        catch (ArgumentException error)
        {
            return error.Message;
        }
    }
}
