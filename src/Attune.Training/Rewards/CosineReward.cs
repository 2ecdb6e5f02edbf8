using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Rewards;

/// <summary>What decides whether a response is correct.</summary>
public enum AnswerCheck
{
    /// <summary>The last \boxed{…}, as the kind boxed.</summary>
    Boxed,

    /// <summary>The last number, as the kind number.</summary>
    Number,

    /// <summary>The whole text, as the kind exactMatch.</summary>
    ExactMatch,
}

/// <summary>
/// A reward for correct responses, which falls with their length along a cosine, and a penalty for wrong ones, which shrinks with it. Yeo
/// et al. 2025, appendix C.1, https://arxiv.org/abs/2502.03373; defaults are TRL's. A response longer than maxLength has the reward of one
/// of maxLength.
/// </summary>
public sealed record CosineReward : RuleReward
{
    public override string Kind => "cosine";

    /// <summary>The field of the prompt's row that holds the correct answer.</summary>
    [Required(ErrorMessage = "must name a field of the prompts' rows")]
    public string Field { get; init; } = "answer";

    /// <summary>Only the text after the last of these counts; empty for the whole response.</summary>
    public string After { get; init; } = "";

    /// <summary>What decides whether a response is correct: boxed, number or exactMatch.</summary>
    public AnswerCheck Check { get; init; }

    /// <summary>The length in tokens, EOS included, at which the cosine ends.</summary>
    [Range(1, double.PositiveInfinity)]
    public int MaxLength { get; init; } = 512;

    /// <summary>The reward of the shortest wrong response.</summary>
    public double MinValueWrong { get; init; } = -1;

    /// <summary>The reward of the longest wrong response.</summary>
    public double MaxValueWrong { get; init; } = -0.5;

    /// <summary>The reward of the longest correct response.</summary>
    public double MinValueCorrect { get; init; } = 0.5;

    /// <summary>The reward of the shortest correct response.</summary>
    public double MaxValueCorrect { get; init; } = 1;

    public override IReadOnlyList<string> RowFields => [Field];

    public override double Score(TextResponse answer)
    {
        AnswerReward check = Check switch
        {
            AnswerCheck.Number => new NumberReward { Field = Field, After = After },
            AnswerCheck.ExactMatch => new ExactMatchReward { Field = Field, After = After },
            _ => new BoxedReward { Field = Field, After = After },
        };
        var (longest, shortest) = check.Score(answer) == 1 ? (MinValueCorrect, MaxValueCorrect) : (MaxValueWrong, MinValueWrong);
        var progress = Math.Min(1, answer.Response.Tokens.Length / (double)MaxLength);
        return longest + 0.5 * (shortest - longest) * (1 + Math.Cos(progress * Math.PI));
    }
}
