using Attune.Reporting.Evaluation;

namespace Attune.Reporting.Tests.Evaluation;

public sealed class StepEvaluationTests
{
    static readonly StepEvaluation Evaluation = StepEvaluation.From(
    [
        ([true, true, false], [0.9, 0.4, 0.2]),                      // the first error is predicted too early
        ([true, false, true], [0.5, 0.1, 0.8]),                      // all correct
        ([true], [0.7]),                                             // without an error, and none predicted
    ]);

    [Fact]
    public void From_LabelsAndProbabilities_CountsRightWrongAndFirstErrors()
    {
        Assert.Equal(new StepEvaluation(3, 7, 5, 4, 2, 2), Evaluation);
        Assert.Equal(6 / 7.0, Evaluation.Accuracy, 1e-12);
        Assert.Equal(5 / 7.0, Evaluation.Baseline, 1e-12);
    }

    [Fact]
    public void Lines_Shares_AreShown()
    {
        Assert.Contains("accuracy       85.7 % of steps (71.4 % by always predicting the more frequent label)", Evaluation.Lines);
        Assert.Contains("wrong steps    100.0 % predicted wrong", Evaluation.Lines);
        Assert.Contains("first error    found in 66.7 % of responses (or none, where there is none)", Evaluation.Lines);
        Assert.Equal("wrong steps    – predicted wrong", StepEvaluation.From([([true], [0.7])]).Lines[3]);
    }

    [Fact]
    public void ToJson_Evaluation_HasTheCounts() => Assert.Equal(
        """{"responses":3,"steps":7,"accuracy":0.8571428571428571,"baseline":0.7142857142857143"""
        + ""","right":{"steps":5,"found":4},"wrong":{"steps":2,"found":2},"firstErrors":2}""",
        Evaluation.ToJson().ToJsonString());
}
