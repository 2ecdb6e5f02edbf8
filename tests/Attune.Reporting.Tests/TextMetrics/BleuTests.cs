using Attune.Reporting.TextMetrics;
using Attune.Testing;

namespace Attune.Reporting.Tests;

/// <summary>Expected numbers are those of SacreBLEU's own tests (test_bleu.py, test_sentence_bleu.py), in percent.</summary>
public sealed class BleuTests
{
    const string Romanian = "Producția de zahăr primă va fi exprimată în ceea ce privește zahărul alb;";
    const string RomanianReference = "producţia de zahăr brut se exprimă în zahăr alb;";

    static readonly ReferencedText[] Dogs =
    [
        new("The dog bit the man.", ["The dog bit the man.", "The dog had bit the man."]),
        new("It wasn't surprising.", ["It was not unexpected.", "No one was surprised."]),
        new("The man had just bitten him.", ["The man bit him first.", "The man had bitten the dog."]),
    ];

    [Theory]
    [InlineData(BleuTokenizer.Mteval13a, BleuSmoothing.Exp, 48.530827)]
    [InlineData(BleuTokenizer.Mteval13a, BleuSmoothing.None, 48.530827)]
    [InlineData(BleuTokenizer.None, BleuSmoothing.Exp, 49.1919566)]
    [InlineData(BleuTokenizer.International, BleuSmoothing.Exp, 43.91623493)]
    public void CorpusScore_IsThatOfSacreBleu(BleuTokenizer tokenizer, BleuSmoothing smoothing, double percent) => Numeric.Close(
        percent / 100, new Bleu { Tokenizer = tokenizer, Smoothing = smoothing }.CorpusScore(Dogs), "BLEU", 1e-8, 0);

    [Theory]
    [InlineData(BleuSmoothing.Exp, BleuTokenizer.Mteval13a, false, 8.493)]
    [InlineData(BleuSmoothing.None, BleuTokenizer.Mteval13a, false, 0)]
    [InlineData(BleuSmoothing.Floor, BleuTokenizer.Mteval13a, false, 4.51688)]
    [InlineData(BleuSmoothing.AddOne, BleuTokenizer.Mteval13a, false, 14.882)]
    [InlineData(BleuSmoothing.Exp, BleuTokenizer.None, false, 7.347)]
    [InlineData(BleuSmoothing.Exp, BleuTokenizer.International, false, 8.493)]
    [InlineData(BleuSmoothing.Exp, BleuTokenizer.Characters, false, 40.8759)]
    [InlineData(BleuSmoothing.Exp, BleuTokenizer.Characters, true, 42.0267)]
    public void Score_OneResponse_IsThatOfSacreBleu(BleuSmoothing smoothing, BleuTokenizer tokenizer, bool ignoreCase, double percent) =>
        Numeric.Close(
            percent / 100,
            new Bleu { Smoothing = smoothing, Tokenizer = tokenizer, IgnoreCase = ignoreCase }.Score(Romanian, RomanianReference),
            "BLEU", 1e-5, 0);

    [Theory]
    [InlineData("test", "a test", 0.3678794411714425)]
    [InlineData("a test", "a test", 1)]
    public void Score_ShortResponse_LeavesOutLongerOrders(string response, string reference, double expected) =>
        Numeric.Close(expected, new Bleu().Score(response, reference), "BLEU", 1e-12, 0);

    [Theory]
    [InlineData("this is a cat", "okay thanks")]
    [InlineData("", "okay thanks")]
    public void Score_NothingInCommon_IsZero(string response, string reference) => Assert.All(
        Enum.GetValues<BleuSmoothing>(),
        smoothing => Assert.Equal(0, new Bleu { Smoothing = smoothing }.Score(response, reference)));

    [Fact]
    public void CorpusScore_EmptyResponses_IsZero() =>
        Assert.Equal(0, new Bleu().CorpusScore([.. Dogs.Select(dog => dog with { Response = "" })]));
}
