using Attune.Training.Health;

namespace Attune.Training.Tests.Health;

public sealed class RepetitionTests
{
    [Fact]
    public void RepeatedThreesAreCountedWithinAnAnswer()
    {
        Assert.Equal(0, Repetition.Measure([[1, 2, 3, 4], [1, 2, 3, 4], [1, 2], []]));
        Assert.Equal(0.75, Repetition.Measure([[5, 5, 5, 5, 5, 5]]));                     // four equal 3-grams
        Assert.Equal(0.2, Repetition.Measure([[1, 2, 3, 9, 1, 2, 3]]), 12);               // 123 239 391 912 123
        Assert.Equal(0.1, Repetition.Measure([[1, 2, 3, 9, 1, 2, 3], [7, 8, 9]]), 12);
    }

    [Fact]
    public void AnswersThatDifferInOneTokenDiffer() => Assert.Equal(0.75, Repetition.Distinct([[1, 2], [1, 2], [12], [1, 2, 3]]));
}
