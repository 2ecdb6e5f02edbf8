namespace Attune.Training.Rewards;

/// <summary>
/// 1 for a response whose last \boxed{…} is equal to the answer in the prompt's row, or to one of the answers there; else 0. The answer may
/// be a text with a \boxed{…}. Equal are the same numbers, also as fraction, decimal number or percentage, lists of equal parts, and
/// expressions that LaTeX writes alike; no algebra is done.
/// </summary>
public sealed record BoxedReward : AnswerReward
{
    public override string Kind => "boxed";

    protected override bool IsCorrect(string text, TextResponse response) =>
        MathAnswer.LastBoxed(text) is { } found
        && response.Texts(Field).Any(answer => MathAnswer.AreEqual(found, MathAnswer.LastBoxed(answer) ?? answer));
}
