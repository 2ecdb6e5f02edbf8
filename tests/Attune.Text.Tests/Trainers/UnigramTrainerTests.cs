using System.Text.Json;
using Attune.Testing;
using Attune.Text.Trainers;

namespace Attune.Text.Tests;

public sealed class UnigramTrainerTests
{
    static readonly string[] Texts =
    [
        "The small robot carried a crate of oranges across the yard, and then it came back for another one.",
        "When the rain stopped, the children counted the puddles: one, two, three, four, five.\nThen the robot counted the oranges.",
        "She wrote a program that counts oranges; he wrote a program that counts puddles and robots. 🙂🙂 𝒜𝒜",
    ];

    [Fact]
    public void TheVocabularyIsAsLargeAsAsked()
    {
        var tokenizer = UnigramTrainer.Train(Texts, new() { VocabularySize = 75, Sentinels = 10 });
        Assert.Equal(75, tokenizer.VocabularySize);
        Assert.Equal((0, 1, 2), (tokenizer.PadId, tokenizer.EosId, tokenizer.UnkId));
        Assert.Equal(65, tokenizer.TokenToId("<extra_id_0>"));
        Assert.Equal(74, tokenizer.TokenToId("<extra_id_9>"));
        Assert.True(tokenizer.IsSpecial(74));
    }

    [Fact]
    public void FrequentWordsAreSinglePieces()
    {
        var tokenizer = UnigramTrainer.Train(Texts, new() { VocabularySize = 120, Sentinels = 0 });
        var encoding = tokenizer.EncodeFull("the robot counted the oranges", addSpecialTokens: false);
        Assert.Equal(["▁the", "▁robot", "▁counted", "▁the", "▁oranges"], encoding.Tokens);
    }

    [Fact]
    public void AWordAndThePunctuationBesideItAreApart()
    {
        const string Text = "Guest: yes, 12.\nDesk: no!";
        var tokenizer = UnigramTrainer.Train(Enumerable.Repeat(Text, 20), new() { VocabularySize = 120, Sentinels = 0 });
        string[] expected = ["▁Guest", ":", "▁yes", ",", "▁12", ".", "\n", "Desk", ":", "▁no", "!", "</s>"];
        Assert.Equal(expected, tokenizer.EncodeFull(Text).Tokens);
    }

    [Fact]
    public void TextComesBackWithItsLineBreaksAndSpacesAndEndsWithEos()
    {
        var tokenizer = UnigramTrainer.Train(Texts, new() { VocabularySize = 150 });
        foreach (var text in Texts.Append("a  b\n\n c <extra_id_3>d"))
        {
            var ids = tokenizer.Encode(text, addSpecialTokens: true);
            Assert.Equal(tokenizer.EosId, ids[^1]);
            Assert.Equal(text.Normalize(System.Text.NormalizationForm.FormKC), tokenizer.Decode(ids.AsSpan(0, ids.Length - 1)));
        }
    }

    [Fact]
    public void ProbabilitiesAddUpToLittleLessThanOne()
    {
        using var folder = new TemporaryFolder();
        UnigramTrainer.Train(Texts, new() { VocabularySize = 200, Sentinels = 0 }).Save(folder.Path);
        var vocabulary = JsonElement.Parse(File.ReadAllText(folder.File("tokenizer.json"))).GetProperty("model").GetProperty("vocab");
        var sum = vocabulary.EnumerateArray().Skip(3).Sum(entry => Math.Exp(entry[1].GetDouble()));
        Assert.InRange(sum, 0.5, 1);
    }

    /// <summary>
    /// The word ab occurs twice, as the piece ab or the pieces a and b: with p = p(ab) / (p(ab) + p(a) p(b)), the expected count of ab
    /// is 2p, and those of a and b are 2(1 − p), but at least 0.5; then log p(x) = ψ(expected count of x) − ψ(sum of all three).
    /// </summary>
    [Fact]
    public void ARoundIsTwoStepsOfExpectationMaximisation()
    {
        var learner = new UnigramLearner(new Dictionary<string, long> { ["ab"] = 2 }, [("a", 2), ("b", 2), ("ab", 4)]);
        learner.Learn(size: 3, kept: 0.75, CancellationToken.None);
        var (whole, letter) = (4 / 8.0, 2 / 8.0);
        for (var step = 0; step < 2; step++)
        {
            var share = whole / (whole + letter * letter);
            var (expectedWhole, expectedLetter) = (2 * share, Math.Max(0.5, 2 * (1 - share)));
            var total = Digamma(expectedWhole + 2 * expectedLetter);
            (whole, letter) = (Math.Exp(Digamma(expectedWhole) - total), Math.Exp(Digamma(expectedLetter) - total));
        }
        Assert.Equal(["ab", "a", "b"], learner.Pieces.Select(piece => piece.Text));
        Assert.Equal(Math.Log(whole), learner.Pieces[0].Score, 1e-9);
        Assert.Equal(Math.Log(letter), learner.Pieces[1].Score, 1e-9);
    }

    /// <summary>ψ from its recurrence and, for large arguments, its asymptotic series.</summary>
    static double Digamma(double x) => x < 500 ? Digamma(x + 1) - 1 / x : Math.Log(x) - 1 / (2 * x) - 1 / (12 * x * x);

    [Fact]
    public void ThePieceThatTheTextsMissLeastIsPrunedFirst()
    {
        var words = new Dictionary<string, long> { ["abc"] = 50, ["ab"] = 3, ["cd"] = 20, ["d"] = 20 };
        (string, double)[] seeds = [("a", 53), ("b", 53), ("c", 70), ("d", 40), ("ab", 106), ("abc", 150), ("cd", 40)];
        var learner = new UnigramLearner(words, seeds);
        learner.Learn(size: 6, kept: 0.9, CancellationToken.None);
        Assert.Equal(["a", "abc", "b", "c", "cd", "d"], learner.Pieces.Select(piece => piece.Text).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void TrainingTwiceGivesTheSameTokenizer()
    {
        using var folder = new TemporaryFolder();
        UnigramTrainer.Train(Texts).Save(folder.File("a"));
        UnigramTrainer.Train(Texts).Save(folder.File("b"));
        Assert.Equal(File.ReadAllText(folder.File("a/tokenizer.json")), File.ReadAllText(folder.File("b/tokenizer.json")));
    }

    [Fact]
    public void FewerSentinelsThanNoneAreAnError() =>
        Assert.Contains(
            "Sentinels must be at least 0 (was -1)",
            Assert.Throws<InvalidDataException>(() => UnigramTrainer.Train([], new() { Sentinels = -1 })).Message);

    [Fact]
    public void HostileTextTrainsToo()
    {
        var random = new Random(4);
        var texts = HostileText.Examples.Concat(Enumerable.Range(0, 20).Select(i => HostileText.Random(random, 200)));
        var tokenizer = UnigramTrainer.Train(texts.Append(new string('a', 20_000)), new() { VocabularySize = 300, Sentinels = 0 });
        Assert.True(tokenizer.VocabularySize >= 300);
    }
}
