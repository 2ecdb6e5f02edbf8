using System.Text.Json;

namespace Attune.Quickstart.Tests;

public sealed class FrontDeskDataTests
{
    static readonly SimulatedGuest Guest = SimulatedGuest.Load(FrontDeskFiles.Folder);

    [Theory]
    [InlineData("corpus", 12000, "text")]
    [InlineData("demonstrations", 2500, "prompt completion")]
    [InlineData("prompts", 4000, "prompt")]
    [InlineData("prompts-heldout", 300, "prompt")]
    [InlineData("rankings", 800, "prompt completions ranks")]
    [InlineData("rankings-heldout", 200, "prompt completions ranks")]
    [InlineData("pairs", 600, "prompt chosen rejected strength votes")]
    [InlineData("pairs-heldout", 200, "prompt chosen rejected strength votes")]
    [InlineData("labels", 1500, "prompt completion label")]
    [InlineData("labels-heldout", 300, "prompt completion label")]
    public void EveryLineHasItsKeys(string name, int count, string keys)
    {
        var lines = FrontDeskFiles.Read(name);
        Assert.Equal(count, lines.Count);
        Assert.All(lines, line => Assert.Equal(keys, string.Join(' ', line.EnumerateObject().Select(property => property.Name))));
    }

    [Fact]
    public void NoTextComesTwice()
    {
        Assert.Distinct(FrontDeskFiles.Texts("corpus"));
        Assert.Distinct([.. FrontDeskFiles.TrainingPrompts(), .. FrontDeskFiles.HeldOutPrompts()]);
    }

    [Theory]
    [InlineData("labels")]
    [InlineData("labels-heldout")]
    public void Labels_OfTheNoisyGuest_FollowTheScores(string name)
    {
        var rows = FrontDeskFiles.Read(name)
            .ConvertAll(row => (Score: Judge(row).Score, IsLiked: row.GetProperty("label").GetBoolean()));
        Assert.InRange(rows.Average(row => row.IsLiked ? 1.0 : 0), 0.33, 0.4);
        var expected = rows.Average(row => 1 / (1 + Math.Exp(-(row.Score - SimulatedGuest.GoodEnough) / SimulatedGuest.Temperature)));
        Assert.Equal(expected, rows.Average(row => row.IsLiked ? 1.0 : 0), 0.03);
    }

    [Fact]
    public void TheFilesStaySmall()
    {
        var files = Directory.GetFiles(FrontDeskFiles.Folder, "*.jsonl").Select(path => new FileInfo(path).Length);
        Assert.InRange(files.Sum(), 1_000_000, 6_000_000);
        Assert.InRange(FrontDeskFiles.Texts("corpus").Sum(text => text.Split().Length), 400_000, 550_000);
    }

    [Fact]
    public void PromptsAndCompletionsHaveTheFormatOfTheDialogues()
    {
        Assert.All(
            [.. FrontDeskFiles.TrainingPrompts(), .. FrontDeskFiles.HeldOutPrompts()], prompt =>
        {
            Assert.StartsWith("Guest: ", prompt);
            Assert.EndsWith("\nDesk:", prompt);
            Assert.InRange(prompt.Split().Length, 3, 42);
        });
        Assert.All(FrontDeskFiles.Read("demonstrations"), line => Assert.Matches("^ [^ ]", line.GetProperty("completion").GetString()!));
    }

    [Fact]
    public void AQuarterOfTheDemonstrationsAreGoodAndEveryFlawIsThere()
    {
        var judgements = FrontDeskFiles.Read("demonstrations").ConvertAll(Judge);
        Assert.InRange(judgements.Average(j => j.IsGood ? 1.0 : 0), 0.20, 0.28);
        foreach (var criterion in new[] { "Polite", "OnTopic", "Helpful", "NotRude", "Complete", "NotRambling" })
            Assert.True(judgements.Count(j => j.Flaws.Contains(criterion)) > 0.07 * judgements.Count, criterion);
        Assert.True(judgements.Count(j => j.Flaws.Count() == 1) > 0.25 * judgements.Count);
    }

    [Fact]
    public void TheSimulatedGuestSeesOneTopicInEveryPrompt() =>
        Assert.All(
            [.. FrontDeskFiles.TrainingPrompts(), .. FrontDeskFiles.HeldOutPrompts()], prompt => Assert.Single(Guest.TopicsOf(prompt)));

    [Fact]
    public void AGoodAnswerIsOffTopicUnderThePromptOfAnotherTopic()
    {
        var lines = FrontDeskFiles.Read("demonstrations").Where(line => Judge(line).IsGood).ToList();
        var pairs = lines
            .Zip(lines.Skip(1), (a, b) => (Here: Prompt(a), There: Prompt(b), Answer: a.GetProperty("completion").GetString()!))
            .Where(pair => Guest.TopicsOf(pair.Here).Single() != Guest.TopicsOf(pair.There).Single())
            .ToList();
        Assert.True(pairs.Count > 400);
        Assert.True(pairs.Count(pair => Guest.Judge(pair.There, pair.Answer).OnTopic == 0) > 0.97 * pairs.Count);
    }

    [Theory]
    [InlineData("rankings")]
    [InlineData("rankings-heldout")]
    public void RankingsAgreeWithTheTasteAsFarAsTheNoiseLetsThem(string name)
    {
        var (agree, pairs, ceiling, annotators) = (0.0, 0, 0.0, 0.0);
        var lines = FrontDeskFiles.Read(name);
        foreach (var line in lines)
        {
            var answers = line.GetProperty("completions").EnumerateArray().Select(c => c.GetString()!).ToList();
            var ranks = line.GetProperty("ranks").EnumerateArray().Select(r => r.GetInt32()).ToList();
            Assert.Equal([0, 1, 2, 3], ranks.Order());
            var scores = answers.ConvertAll(answer => Guest.Judge(Prompt(line), answer).Score);
            for (var i = 0; i < 4; i++)
                for (var j = 0; j < i; j++, pairs++)
                    agree += scores[i].Equals(scores[j]) ? 0.5 : scores[i] > scores[j] == ranks[i] < ranks[j] ? 1 : 0;
            ceiling += Guest.NoisyAgreement(Prompt(line), answers) / lines.Count;
            annotators += Guest.AnnotatorAgreement(Prompt(line), answers) / lines.Count;
        }
        Assert.Equal(ceiling, agree / pairs, 0.03);
        Assert.InRange(ceiling, 0.80, 0.90);
        Assert.InRange(annotators, 0.75, 0.85);
    }

    static string Prompt(JsonElement line) => line.GetProperty("prompt").GetString()!;

    static Judgement Judge(JsonElement line) => Guest.Judge(Prompt(line), line.GetProperty("completion").GetString()!);
}
