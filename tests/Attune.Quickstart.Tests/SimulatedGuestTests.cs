using Attune.Testing;

namespace Attune.Quickstart.Tests;

public sealed class SimulatedGuestTests
{
    const string Towels = "Guest: Could we have two more towels, please? Room 214.\nDesk:";
    const string Good = " Certainly. Housekeeping will bring two more towels to your room in ten minutes.";

    static readonly SimulatedGuest Guest = SimulatedGuest.Load(Repository.PathTo("data", "frontdesk"));

    [Fact]
    public void AGoodAnswerIsGoodAndScoresTen()
    {
        var judgement = Guest.Judge(Towels, Good);
        Assert.True(judgement.IsGood);
        Assert.Empty(judgement.Flaws);
        Assert.Equal(10, judgement.Score, 6);
    }

    [Theory]
    [InlineData(" Housekeeping will bring two more towels to your room in ten minutes.", "Polite")]
    [InlineData(" Of course, a taxi will be at the door at eight.", "OnTopic")]
    [InlineData(" Thank you for asking about the towels.", "Helpful")]
    [InlineData(" Of course. I cannot bring you towels today.", "Helpful")]
    [InlineData(" You again! Of course, I will bring two more towels in ten minutes.", "NotRude")]
    [InlineData(" Certainly. Housekeeping will bring two more towels to your", "Complete")]
    [InlineData(" Certainly. Housekeeping will bring two more towels to your room and the.", "Complete")]
    [InlineData(" Certainly. In ten minutes zorblat will bring flimsy towelettes.", "Complete")]
    [InlineData(" Certainly. Housekeeping will bring towels in ten minutes. Housekeeping will bring towels in ten minutes.", "NotRambling")]
    [InlineData(" Certainly. Housekeeping will bring towels towels in ten minutes.", "NotRambling")]
    [InlineData(" Certainly. Housekeeping will bring towels in ten minutes.\nGuest: Thank you.", "NotRambling")]
    public void EachCriterionSeesItsFlaw(string answer, string flaw) => Assert.Contains(flaw, Guest.Judge(Towels, answer).Flaws);

    [Theory]
    [InlineData("Of course, thank you, right away.")]
    [InlineData("Certainly, I will bring it to your room in ten minutes.")]
    [InlineData("You would like two more towels in room 214. Thank you.")]
    [InlineData("Of course, I will bring towels, pillows, an umbrella, the bill and a taxi to your room at once.")]
    [InlineData("Towels please thank you room minutes towels sorry.")]
    [InlineData("Of course, towels.")]
    [InlineData("")]
    public void CheatsAreNotGood(string answer) => Assert.False(Guest.Judge(Towels, answer).IsGood);

    [Fact]
    public void TwoSentencesMayEndAlike() => Assert.True(Guest.Judge(
        Towels, "Thank you for telling us about the towels. I am very sorry about the towels. I will bring clean towels at once.").IsGood);

    [Fact]
    public void TooManyWordsRamble()
    {
        var chat = Good + " The lake is white in winter. My sister has a boat. Yesterday it rained and then the sun came out again."
            + " The clock in the hall is slow. Nobody knows why, and nobody asks. The gardener has three hats and likes them all.";
        Assert.Equal(["NotRambling"], Guest.Judge(Towels, chat).Flaws);
    }

    [Fact]
    public void TheMoreIsRightTheHigherTheScore()
    {
        string[] fromBestToWorst =
        [
            Good,
            " Housekeeping will bring two more towels to your room in ten minutes.",
            " You again. Housekeeping will bring two more towels to your room in ten minutes.",
            " Of course, a taxi will be at the door at eight.",
            " No.",
            "",
        ];
        var scores = fromBestToWorst.Select(answer => Guest.Judge(Towels, answer).Score).ToList();
        Assert.Equal(scores.OrderDescending(), scores);
        Assert.Equal(scores.Count, scores.Distinct().Count());
    }

    [Theory]
    [InlineData("Could you tell us where the pool towels are?", "towels")]
    [InlineData("May we pay breakfast by card?", "breakfast")]
    [InlineData("Where do we dry an umbrella, please?", "umbrella")]
    [InlineData("I lost my key card at the lake.", "key-card")]
    public void ThePhraseWithMostWordsDecidesTheTopic(string prompt, string topic) => Assert.Equal([topic], Guest.TopicsOf(prompt));

    [Fact]
    public void AboutAMatterThatItDoesNotKnowItAsksForTheWordsOfTheRequest()
    {
        const string prompt = "Guest: Where does the gardener keep his three hats?\nDesk:";
        Assert.True(Guest.Judge(prompt, " Gladly, the gardener will show you his hats in ten minutes.").OnTopic > 0);
        Assert.Equal(0, Guest.Judge(prompt, " Gladly, the chef will show you his soup in ten minutes.").OnTopic);
    }

    [Fact]
    public void AnyTextIsJudged()
    {
        string[] texts = ["", " ", "\n\n", "…!?", "日本語 👋🏽", "\0\ud800", new('a', 100_000),
            string.Concat(Enumerable.Repeat("towel. ", 20_000))];
        foreach (var prompt in texts)
            foreach (var answer in texts)
                Assert.False(Guest.Judge(prompt, answer).IsGood);
    }

    [Fact]
    public void TheSameAnswerTwiceIsATie()
    {
        var ranks = Guest.Rank(Towels, [Good, " No.", Good.Trim()], new Random(1));
        Assert.Equal(ranks[0], ranks[2]);
        Assert.Equal([0, 1], ranks.Distinct().Order());
    }

    [Fact]
    public void TheBetterAnswerComesFirstAsOftenAsBradleyAndTerrySay()
    {
        string[] answers = [Good, " Housekeeping will bring two more towels to your room in ten minutes."];
        var random = new Random(3);
        var first = Enumerable.Range(0, 4000).Count(_ => Guest.Rank(Towels, answers, random)[0] == 0) / 4000.0;
        Assert.Equal(Guest.NoisyAgreement(Towels, answers), first, 0.03);
        Assert.Equal(1 / (1 + Math.Exp(-1 / SimulatedGuest.Temperature)), first, 0.03);
    }

    [Fact]
    public void EqualScoresAgreeByHalf()
    {
        string[] answers = [Good, " Of course, I will send two more towels to your room at once."];
        Assert.Equal(0.5, Guest.NoisyAgreement(Towels, answers), 6);
        Assert.Equal(0.5, Guest.AnnotatorAgreement(Towels, answers), 6);
        Assert.Equal(0.5, Guest.NoisyAgreement(Towels, [Good]), 6);
    }

    [Fact]
    public void AFolderWithoutItsFilesIsNamed()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("topics.json", Assert.Throws<InvalidDataException>(() => SimulatedGuest.Load(folder.Path)).Message);
        folder.Write("topics.json", "[{");
        Assert.Contains("topics.json", Assert.Throws<InvalidDataException>(() => SimulatedGuest.Load(folder.Path)).Message);
    }
}
