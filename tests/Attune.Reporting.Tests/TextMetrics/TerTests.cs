using Attune.Reporting.TextMetrics;
using Attune.Testing;

namespace Attune.Reporting.Tests;

/// <summary>Expected numbers are those of SacreBLEU's own tests (test_ter.py), where no other source is named.</summary>
public sealed class TerTests
{
    static readonly ReferencedText[] German =
    [
        new(
            "wählen Sie \" Bild neu berechnen , \" um beim Ändern der Bildgröße Pixel hinzuzufügen oder zu entfernen , damit das Bild "
            + "ungefähr dieselbe Größe aufweist wie die andere Größe .",
            ["wählen Sie \" Bild neu berechnen , \" um beim Ändern der Bildgröße Pixel hinzuzufügen oder zu entfernen , damit "
                + "die Darstellung des Bildes in einer anderen Größe beibehalten wird ."]),
        new(
            "wenn Sie alle Aufgaben im aktuellen Dokument aktualisieren möchten , wählen Sie im Menü des Aufgabenbedienfelds die Option \" "
            + "Alle Aufgaben aktualisieren . \"",
            ["wenn Sie alle Aufgaben im aktuellen Dokument aktualisieren möchten , wählen Sie im Menü des Aufgabenbedienfelds die Option "
                + "\" Alle Aufgaben aktualisieren . \""]),
        new(
            "klicken Sie auf der Registerkarte \" Optionen \" auf die Schaltfläche \" Benutzerdefiniert \" und geben Sie Werte für \" "
            + "Fehlerkorrektur-Level \" und \" Y / X-Verhältnis \" ein .",
            ["klicken Sie auf der Registerkarte \" Optionen \" auf die Schaltfläche \" Benutzerdefiniert \" und geben Sie für \" "
                + "Fehlerkorrektur-Level \" und \" Y / X-Verhältnis \" niedrigere Werte ein ."]),
        new(
            "Sie können beispielsweise ein Dokument erstellen , das ein Auto über die Bühne enthält .",
            ["Sie können beispielsweise ein Dokument erstellen , das ein Auto enthalt , das sich über die Bühne bewegt ."]),
        new(
            "wählen Sie im Dialogfeld \" Neu aus Vorlage \" eine Vorlage aus und klicken Sie auf \" Neu . \"",
            ["wählen Sie im Dialogfeld \" Neu aus Vorlage \" eine Vorlage aus und klicken Sie auf \" Neu . \""]),
    ];

    [Theory]
    [InlineData("aaaa bbbb cccc dddd", "aaaa bbbb cccc dddd", 0)]
    [InlineData("dddd eeee ffff", "aaaa bbbb cccc", 1)]
    [InlineData("", "a", 1)]
    [InlineData("d e f g h a b c", "a b c d e f g h", 1 / 8.0)]
    [InlineData("a b", "", 1)]                                   // SacreBLEU's rule for an empty reference
    [InlineData("", "", 0)]
    public void Score_IsThatOfSacreBleu(string response, string reference, double expected) =>
        Assert.Equal(expected, new Ter().Score(response, reference));

    [Fact]
    public void CorpusScore_GermanDocument_IsThatOfSacreBleu() => Numeric.Close(0.136, new Ter().CorpusScore(German), "TER", 1e-5, 0);

    /// <summary>By hand: one substitution against the first reference, for a mean length of 3.</summary>
    [Fact]
    public void Score_SeveralReferences_TakesFewestEditsAndMeanLength() =>
        Numeric.Close(1 / 3.0, new Ter().Score("a b", "a c", "d e f g"), "TER", 1e-12, 0);

    /// <summary>By hand: 60 words in reverse share no phrase of two words; shifts stop at 1,000 candidates.</summary>
    [Fact]
    public void Score_LongReversedText_EndsSoon()
    {
        string[] words = [.. Enumerable.Range(0, 60).Select(i => $"w{i}")];
        Assert.InRange(new Ter().Score(string.Join(' ', words.Reverse()), string.Join(' ', words)), 0.5, 1);
    }
}
