using Attune.Reporting.TextMetrics;
using Attune.Testing;

namespace Attune.Reporting.Tests;

/// <summary>Expected numbers are worked by hand from the equations of coco-caption's cider_scorer.</summary>
public sealed class CiderTests
{
    /// <summary>
    /// Two prompts; no n-gram is in both references, so each weighs log 2. The first response equals its reference of four words: every
    /// cosine is 1. The second has one of two words and no pair: cosines 1 / √2, 0, 0, 0; its length in pairs is 0 and not 1.
    /// </summary>
    [Fact]
    public void Scores_TwoPrompts_AreMeansOfCosines()
    {
        var scores = new Cider().Scores([new("a b c d", ["a b c d"]), new("x", ["x y"])]);
        Numeric.Close(10, scores[0], "equal", 1e-9, 0);
        Numeric.Close(10 * Math.Exp(-1 / 72.0) * (1 / Math.Sqrt(2)) / 4, scores[1], "one word", 1e-9, 0);
    }

    [Fact]
    public void Scores_WordInAllReferences_WeighsNothing() =>
        Assert.Equal(0, new Cider().Scores([new("the", ["the cat"]), new("dog", ["the dog"])])[0]);

    [Fact]
    public void Scores_SeveralResponsesToAPrompt_CountItsReferencesOnce()
    {
        ReferencedText[] once = [new("a b c d", ["a b c e"]), new("x", ["x y"])];
        Assert.Equal(new Cider().Scores(once)[0], new Cider().Scores([once[0], once[0], once[1]])[0]);
        Assert.Equal(0, new Cider().Score("a b", "a b"));
    }
}
