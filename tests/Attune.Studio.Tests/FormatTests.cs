using Attune.Store;
using Attune.Studio.Quality;

namespace Attune.Studio.Tests;

public sealed class FormatTests
{
    [Fact]
    public void Describe_Steps_HasNumbersAndLabels() => Assert.Equal("1 right, 2 neutral, 3 wrong, 4 –",
        Format.Describe(new AnnotationResult { Outcome = Outcome.Rated, Ratings = [3, 2, 1, null] }, TaskKind.Steps));

    [Theory]
    [InlineData(null, "B better")]
    [InlineData(0, "B barely better or unsure")]
    [InlineData(1, "B slightly better")]
    [InlineData(4, "B far better")]
    public void Describe_Pair_HasTheDegreeOfTheRankingPage(int? strength, string expected)
    {
        var described = Format.Describe(new AnnotationResult { Ranks = [1, 0], Strength = strength }, TaskKind.Pairwise);
        Assert.Equal(expected, described);
        Assert.Contains(
            $"\"{described["B ".Length..]}\"",
            File.ReadAllText(Repository.PathTo("src", "Attune.Studio", "wwwroot", "annotate-choices.js")), StringComparison.Ordinal);
    }
}
