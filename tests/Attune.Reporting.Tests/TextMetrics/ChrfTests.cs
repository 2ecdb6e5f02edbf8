using Attune.Reporting.TextMetrics;
using Attune.Testing;

namespace Attune.Reporting.Tests;

/// <summary>Expected numbers are those of SacreBLEU's own tests (test_chrf.py), in percent, where no other source is named.</summary>
public sealed class ChrfTests
{
    [Theory]
    [InlineData("a", "a", 100)]
    [InlineData("", "reference", 0)]
    [InlineData("a b c", "abc", 100)]
    [InlineData("aa", "ab", 25)]
    [InlineData("abcdefg", "hijklmnop", 0)]
    [InlineData("Niemand hat die Absicht, eine Mauer zu errichten", "Niemand hat die Absicht, eine Mauer zu errichten", 100)]
    public void Score_IsThatOfSacreBleu(string response, string reference, double percent) =>
        Numeric.Close(percent / 100, new Chrf { Beta = 3 }.Score(response, reference), "chrF", 1e-6, 0);

    [Fact]
    public void CorpusScore_AddsCounts() =>
        Numeric.Close(0.5, new Chrf { Beta = 3 }.CorpusScore([new("a", ["a"]), new("b", ["c"])]), "chrF", 1e-6, 0);

    /// <summary>
    /// By hand, chrF++ of one order: characters a,b,c against a,b,d (precision and recall 2/3), words "ab", "c" against "ab", "d" (1/2).
    /// </summary>
    [Fact]
    public void Score_WithWords_AveragesBothKinds() =>
        Numeric.Close(7 / 12.0, new Chrf { CharacterOrder = 1, WordOrder = 1 }.Score("ab c", "ab d"), "chrF", 1e-12, 0);

    /// <summary>By hand: "end." is "end" and ".", so both words match; without that, none would.</summary>
    [Fact]
    public void Score_PunctuationAtTheEndOfAWord_IsAWord() =>
        Numeric.Close(
            2 / 3.0, new Chrf { CharacterOrder = 0, WordOrder = 1, Beta = 1 }.Score("end.", "end . x x"), "chrF", 1e-12, 0);
}
