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
    [InlineData("""{"type": "Lowercase"}""", "ΩKÅẞǅ", "ωkåßǆ")]
    [InlineData("""{"type": "Nmt"}""", "a\u0001\tb\u200B\uFEFFc\u0080", "a b  c\u0080")]
    [InlineData("""{"type": "StripAccents"}""", "e\u0301\u0903é", "eé")]
    [InlineData("""{"type": "Strip", "strip_left": true, "strip_right": true}""", "\u3000 é \n", "é")]
    [InlineData("""{"type": "Strip", "strip_left": false, "strip_right": true}""", " a ", " a")]
    [InlineData("""{"type": "Strip", "strip_left": true, "strip_right": true}""", " ", "")]
    [InlineData("""{"type": "ByteLevel"}""", "a é", "aĠÃ©")]
    [InlineData("""{"type": "BertNormalizer"}""", "É\u200B\t世a\0", "e  世 a")]
    [InlineData("""{"type": "BertNormalizer", "lowercase": false}""", "É", "É")]
    [InlineData("""{"type": "BertNormalizer", "strip_accents": false, "handle_chinese_chars": false}""", "É世", "é世")]
    [InlineData("""{"type": "Prepend", "prepend": "▁"}""", "ab", "▁ab")]
    [InlineData("""{"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}""", "a \t b\n", "a b ")]
    [InlineData("""{"type": "Replace", "pattern": {"String": " "}, "content": "▁"}""", "a b", "a▁b")]
    [InlineData("""{"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}]}""", "E\u0301", "é")]
    public void NormalizersAreReadFromJson(string json, string text, string normalized) =>
        Assert.Equal(normalized, Normalized(Attune.Text.Normalizers.Read(JsonField.Parse(json, "tokenizer.json")), text));

    [Theory]
    [InlineData("AAAA")]
    [InlineData("####")]
    [InlineData("BQAAAAAAAAAA")]
    [InlineData("/////wAAAAA=")]
    public void WhatIsNoCharacterMapIsRefused(string base64) =>
        Assert.Throws<InvalidDataException>(() => Attune.Text.Normalizers.Read(
            JsonField.Parse($$"""{"type": "Precompiled", "precompiled_charsmap": "{{base64}}"}""", "tokenizer.json")));

    [Fact]
    public void ACharacterMapOfRandomBytesFindsSomethingOrNothing()
    {
        var random = new Random(9);
        for (var i = 0; i < 5000; i++)
        {
            var compiled = new byte[4 + 64 * 4 + random.Next(20)];
            random.NextBytes(compiled);
            System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(compiled, 64 * 4);
            Normalized(new PrecompiledNormalizer(new(compiled)), HostileText.Random(random, 20));
        }
    }

    static string Normalized(INormalizer normalizer, string text)
    {
        var draft = new Draft(text, aligned: true);
        normalizer.Normalize(draft);
        return string.Concat(draft.Pieces.Select(piece => draft[piece].ToString()));
    }
}
