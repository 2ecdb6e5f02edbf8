using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using Attune.Text;

namespace Attune.Training.Rewards;

/// <summary>1 for a response that matches a pattern, else 0; or the number of matches.</summary>
public sealed record RegexReward : RuleReward, IValidatableObject
{
    static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(2);

    public override string Kind => "regex";

    /// <summary>A .NET regular expression.</summary>
    [MinLength(1, ErrorMessage = "must be a .NET regular expression")]
    public string Pattern { get; init; } = "";

    /// <summary>Whether the pattern must match the whole response.</summary>
    public bool Whole { get; init; }

    /// <summary>Whether the case of letters is ignored.</summary>
    public bool IgnoreCase { get; init; }

    /// <summary>Whether the score is the number of matches.</summary>
    public bool Count { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (FindError() is { } error)
            yield return new($"must be a .NET regular expression: {error.TrimEnd('.')}", [nameof(Pattern)]);
    }

    public override double Score(TextResponse answer)
    {
        try
        {
            return Count
                ? Regex.Count(answer.Text, Expression, Options, MatchTimeout)
                : Regex.IsMatch(answer.Text, Expression, Options, MatchTimeout) ? 1 : 0;
        }
        catch (RegexMatchTimeoutException error)
        {
            throw new InvalidDataException(
                $"the reward '{Title}' stopped matching /{Pattern}/ against {answer.Text.Quoted()} after {MatchTimeout.TotalSeconds} s; "
                + "use a pattern that backtracks less", error);
        }
    }

    string Expression => Whole ? $@"\A(?:{Pattern})\z" : Pattern;

    RegexOptions Options => RegexOptions.CultureInvariant | (IgnoreCase ? RegexOptions.IgnoreCase : RegexOptions.None);

    string? FindError()
    {
        try
        {
            _ = new Regex(Expression, Options, MatchTimeout);
            return null;
        }
        catch (ArgumentException invalid)
        {
            return invalid.Message;
        }
    }
}
