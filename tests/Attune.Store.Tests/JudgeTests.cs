using System.Text.Json.Nodes;
using Attune.Data.Agreement;
using Attune.Testing;

namespace Attune.Store.Tests;

/// <summary>
/// A judge on four pairs, counted by hand. Ann prefers answer 0 in the items 0, 1 and 2. The judge prefers answer 0 of item 0 and answer 1
/// of item 1 in both orders, and contradicts itself in item 2: it prefers what it reads first. Item 3 has no decision by people.
/// </summary>
public sealed class JudgeTests : IDisposable
{
    readonly TestStore test = new();
    readonly Project project;
    readonly List<long> items;
    readonly Person judge;

    public JudgeTests()
    {
        project = test.Project(new() { CheckEvery = 0, Overlap = 1 }, 4);
        items = [.. test.Store.Items.Page(project.Id, 0, 9).Select(item => item.Id)];
        judge = test.Store.People.Judge("gpt", test.Owner.Id);
        for (var i = 0; i < 3; i++)
            test.Prefer(project, test.Person("Ann"), test.Next(project, test.Person("Ann")), 0);
        test.Store.Judges.Add(project, [Vote(0, 0, 1, 1), Vote(0, 1, 0, 0), Vote(1, 0, 1, 0.2), Vote(1, 1, 0, 0.9), Vote(2, 0, 1, 1),
            Vote(2, 1, 0, 1)], null, test.Owner.Id);
    }

    JudgeVote Vote(int item, int shown, int other, double preference) => new(items[item], judge.Id, shown, other, preference);

    IReadOnlyList<JudgeFigures> Figures() =>
        JudgeFigures.Of(test.Store.Judges.Votes(project), test.Store.Statistics.Load(project.Id, AnswerDetail.Nothing));

    [Fact]
    public void Of_VotesInBothOrders_HasAgreementAndPositionBias()
    {
        var figures = Assert.Single(Figures());
        Assert.Equal((judge.Id, 3), (figures.Judge, figures.Pairs));
        Assert.Equal((0.5, 2), (figures.Agreement!.Value!.Value, figures.Agreement.Items));        // items 0 and 1; item 2 is a tie
        Assert.Equal(new Proportion(4, 6), figures.First);
        Assert.Equal(new Proportion(2, 3), figures.Consistent);
        Assert.Equal(new Proportion(1, 3), figures.Ties);
    }

    [Fact]
    public void Add_Votes_AreNoDecisionsOfPeople()
    {
        Assert.Equal(new Progress(4, 3, 3, 4), test.Store.Projects.Progress(project.Id));
        Assert.Equal([items[3]], test.Store.Judges.Next(project, judge.Id, null, 9).Select(item => item.Id));
        Assert.Equal(3, test.Store.Statistics.Load(project.Id).Annotations.Count);
        test.Store.Judges.Add(project, [Vote(2, 1, 0, 0)], null, test.Owner.Id);                  // replaces the vote in this order
        Assert.Equal((1.0, 6), (Figures()[0].Consistent.Share, test.Store.Judges.Votes(project).Count));
        test.AssertCountsEqualARecount();
    }

    [Theory]
    [InlineData(false, 3, 3)]
    [InlineData(true, 2, 5)]
    public void Export_Judges_CountOnlyWhereAskedFor(bool judges, int rows, int votes)
    {
        using var folder = new TemporaryFolder();
        test.Store.Judges.Add(project, [Vote(2, 0, 1, 0), Vote(3, 0, 1, 0)], null, test.Owner.Id);
        var manifest = test.Store.Exports.Snapshot(project, new() { Judges = judges }, folder.File("export"));
        // With the judge: item 0 has two votes for answer 0, item 1 a draw, item 2 a draw, and item 3 the judge's vote for answer 1.
        Assert.Equal(rows, manifest.Counts.TrainRows);
        Assert.Equal(judges ? votes + 2 : votes, manifest.Counts.Votes);
        if (judges)
            Assert.Equal(["answer 0", "answer 1"], File.ReadLines(folder.File("export/train.jsonl"))
                .Select(line => (string)JsonNode.Parse(line)!["chosen"]!));
    }

    [Fact]
    public void Ranks_ThreeResponses_FollowThePairs()
    {
        JudgeDecision Pair(int first, int second, int sign) => new(1, judge.Id, first, second, sign, null);
        Assert.Equal([1, 0, 2, null], JudgeDecision.Ranks([Pair(0, 1, -1), Pair(0, 2, 1), Pair(1, 2, 1)], 4));
        Assert.Equal([0, 0, 0], JudgeDecision.Ranks([Pair(0, 1, 1), Pair(1, 2, 1), Pair(0, 2, -1)], 3));       // a cycle
    }

    [Fact]
    public void Judge_Account_IsOneForEachNameAndCannotSignIn()
    {
        Assert.Equal(judge.Id, test.Store.People.Judge("gpt", test.Owner.Id).Id);
        Assert.NotEqual(judge.Id, test.Store.People.Judge("reward", test.Owner.Id).Id);
        Assert.True(judge.Disabled);
        Assert.Throws<InvalidDataException>(() => test.Store.People.NewLink(judge.Id));
        Assert.Throws<InvalidDataException>(() => test.Store.People.Judge("Olga", test.Owner.Id));
        Assert.Contains("from 0 to 1", Assert.Throws<InvalidDataException>(() =>
            test.Store.Judges.Add(project, [Vote(0, 0, 1, 2)], null, test.Owner.Id)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => test.Dispose();
}
