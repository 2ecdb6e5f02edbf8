using Attune.Reporting.TextMetrics;
using Attune.Testing;

namespace Attune.Reporting.Tests;

/// <summary>Expected numbers are worked by hand from the definitions of GEM-metrics (ngrams.py, msttr.py).</summary>
public sealed class DiversityTests
{
    [Theory]
    [InlineData("words", 2.5)]
    [InlineData("distinct-1", 3 / 5.0)]                          // a b a; A c
    [InlineData("vocab_size-1", 3)]
    [InlineData("unique-1", 2)]
    [InlineData("entropy-1", 1.3709505944546687)]                // −(0.6 log₂ 0.6 + 2 · 0.2 log₂ 0.2)
    [InlineData("distinct-2", 1)]                                // a b, b a, a c
    [InlineData("entropy-2", 1.584962500721156)]                 // log₂ 3
    [InlineData("cond_entropy-2", 0.3196760729812313)]           // −(2/3 log₂ (1/3 / 0.6) + 1/3 log₂ (1/3 / 0.2))
    [InlineData("unique-3", 1)]
    public void Measure_TwoResponses(string name, double expected) => Numeric.Close(
        expected, Diversity.Measure(["a b a", "A c"]).Single(measure => measure.Key == name).Value, name, 1e-12, 0);

    [Fact]
    public void Measure_Msttr_IsTheMeanOverSegmentsOf100Words()
    {
        var hundred = string.Join(' ', Enumerable.Range(0, 100).Select(i => $"w{i % 50}"));        // 50 of 100 differ
        var other = string.Join(' ', Enumerable.Range(0, 150).Select(i => $"v{i}"));               // the last 50 are left out
        Assert.Equal(0.75, Diversity.Measure([hundred, other]).Single(measure => measure.Key == "msttr-100").Value);
        Assert.DoesNotContain(Diversity.Measure(["too short"]), measure => measure.Key == "msttr-100");
    }

    [Fact]
    public void Measure_EmptyResponses_HaveNoWords() => Assert.Equal([KeyValuePair.Create("words", 0.0)], Diversity.Measure(["", " "]));
}
