using System.Text;

namespace Attune.Text.Tests;

public sealed class NormalizerTests
{
    [Theory]
    [InlineData(NormalizationForm.FormC)]
    [InlineData(NormalizationForm.FormD)]
    [InlineData(NormalizationForm.FormKC)]
    [InlineData(NormalizationForm.FormKD)]
    public void UnicodeFormsAreThoseOfTheRuntime(NormalizationForm form)
    {
        var normalizer = new UnicodeFormNormalizer(form);
        var random = new Random(2);
        foreach (var text in Enumerable.Range(0, 500).Select(i => HostileText.Random(random, i)))
        {
            var expected = string.Join('\uFFFE', text.Split('\uFFFE').Select(part => part.Normalize(form)));
            Assert.Equal(expected, Normalized(normalizer, text));
        }
    }

    [Fact]
    public void MarksOfEveryCombiningClassStandInTheOrderOfTheClasses()
    {
        var marks = CombiningMarks.OfEveryClass;
        Assert.Equal(Enumerable.Range(1, marks.Count), marks.Select(CombiningMarks.ClassOf));
        Assert.Equal(0, CombiningMarks.ClassOf(new('가')));
    }

    [Fact]
    public void AComposedCharacterComesFromTheFirstOfItsParts()
    {
        var draft = new Draft("xe\u0323\u0301y", aligned: true);
        new UnicodeFormNormalizer(NormalizationForm.FormC).Normalize(draft);
        var piece = Assert.Single(draft.Pieces);
        Assert.Equal("xẹ\u0301y", draft[piece].ToString());
        Assert.Equal([new(0, 1), new(1, 2), new(3, 4), new(4, 5)], Enumerable.Range(0, 4).Select(i => draft.Origin(piece, i, i + 1)));
    }

    [Fact]
    public void ALongRunOfMarksTakesNoLongerThanItsLength()
    {
        var text = string.Concat(Enumerable.Repeat("\u0301\u0323", 50_000));
        var sorted = new string('\u0323', 50_000) + new string('\u0301', 50_000);
        Assert.Equal(sorted, Normalized(new UnicodeFormNormalizer(NormalizationForm.FormC), text));
    }

    [Theory]
    [InlineData("""{"type": "Lowercase"}""", "ÀİΣ𐐀", "ài\u0307σ𐐨")]
    [InlineData("""{"type": "Prepend", "prepend": "▁"}""", "ab", "▁ab")]
    [InlineData("""{"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}""", "a \t b\n", "a b ")]
    [InlineData("""{"type": "Replace", "pattern": {"String": " "}, "content": "▁"}""", "a b", "a▁b")]
    [InlineData("""{"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}]}""", "E\u0301", "é")]
    public void NormalizersAreReadFromJson(string json, string text, string normalized) =>
        Assert.Equal(normalized, Normalized(Attune.Text.Normalizers.Read(JsonField.Parse(json, "tokenizer.json")), text));

    static string Normalized(INormalizer normalizer, string text)
    {
        var draft = new Draft(text, aligned: true);
        normalizer.Normalize(draft);
        return string.Concat(draft.Pieces.Select(piece => draft[piece].ToString()));
    }
}
