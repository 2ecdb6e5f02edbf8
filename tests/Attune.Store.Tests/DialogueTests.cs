using System.Text.Json.Nodes;
using Attune.Store.Export;
using Attune.Testing;

namespace Attune.Store.Tests;

/// <summary>Conversations of people with models.</summary>
public abstract class DialogueTests(StoreKind kind) : IDisposable
{
    readonly TestStore test = new(kind);
    readonly TemporaryFolder folder = new();

    Dialogues Dialogues => test.Store.Dialogues;

    [Fact]
    public void Start_SameTokenTwice_SavesOneMessage()
    {
        var project = Project();
        var turn = Start(project);
        Assert.Equal(turn.Id, Dialogues.Start(project, test.Owner.Id, "Hello", "start").Id);
        Assert.Equal((DialogueTurnState.Waiting, "Hello"), (Turn(turn).State, Turn(turn).Message));
        Assert.Equal(0, test.Ask<long>("SELECT count(*) FROM item"));
    }

    [Fact]
    public void Fail_KeepsTheMessage_AndAnswerSucceedsLater()
    {
        var turn = Start(Project());
        Dialogues.Fail(turn.Id, "the model server ended");
        Assert.Equal((DialogueTurnState.Failed, "Hello"), (Turn(turn).State, Turn(turn).Message));
        Dialogues.Retry(turn.Id);
        Assert.Equal(DialogueTurnState.Waiting, Turn(turn).State);
        Answer(turn, "one", "two");
        Answer(turn, "three", "four");
        Assert.Equal(["one", "two"], Turn(turn).Responses.Select(text => (string)text!).Order());
        test.AssertCountsEqualARecount();
    }

    [Theory]
    [InlineData(DialogueGoal.Helpful, "good")]
    [InlineData(DialogueGoal.RedTeam, "bad")]
    public void Continue_GoesOnFromTheChosenResponse(DialogueGoal goal, string reply)
    {
        var project = Project(goal);
        var next = Next(project, Decided(project, Start(project), better: "good"));
        Assert.Equal(reply, next.Reply);
        var path = Dialogues.PathTo(Dialogues.Turns(next.Dialogue), next.Id);
        Assert.Equal([("system", "Be brief."), ("user", "Hello"), ("assistant", reply), ("user", "Next")],
            Dialogues.Prompt(Dialogues.Find(project.Id, next.Dialogue)!, path)
                .Select(message => ((string)message!["role"]!, (string)message["content"]!)));
    }

    [Fact]
    public void Choose_OtherwiseAfterGoingOn_ChangesTheDecisionAndKeepsTheBranch()
    {
        var project = Project();
        var first = Decided(project, Start(project), better: "good");
        var next = Next(project, first);
        Decided(project, first, better: "bad");
        var branch = Next(project, first, token: "branch");
        var own = Decided(project, branch, better: "good", own: "my own");
        string?[] replies = [next.Reply, branch.Reply, Next(project, own, token: "last").Reply];
        Assert.Equal(new[] { "good", "bad", "my own" }, replies);
        Assert.Equal(2, Dialogues.Turns(first.Dialogue).Count(turn => turn.Parent == first.Id));
        Assert.Equal(2, test.Ask<long>("SELECT count(*) FROM decision"));
        Assert.Equal(2, test.Ask<long>("SELECT revision FROM decision ORDER BY id LIMIT 1"));
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public void Continue_WhereItCannotGoOn_IsRefused()
    {
        var project = Project();
        var turn = Start(project);
        Refused("choose one of the answers", () => Next(project, turn));
        Answer(turn, "good", "bad");
        Refused("choose one of the answers", () => Next(project, turn));
        Dialogues.Choose(project, test.Owner.Id, turn.Dialogue, turn.Id, new() { Outcome = Outcome.AllBad }, null);
        Refused("both answers bad", () => Next(project, turn));
        Refused("another person", () => Dialogues.Continue(project, test.Person("Ann").Id, turn.Dialogue, turn.Id, null, "Hi", "ann"));
        var second = Decided(project, Dialogues.Continue(project, test.Owner.Id, turn.Dialogue, turn.Id, 0, "Two", "two"), better: "good");
        var third = Decided(project, Next(project, second, token: "three"), better: "good");
        Refused("at most 3 turns", () => Next(project, third, token: "four"));

        static void Refused(string message, Action action) => Assert.Contains(message, Assert.Throws<InvalidDataException>(action).Message);
    }

    [Fact]
    public void Choose_StrengthAndTime_AreThoseOfADecision()
    {
        var project = Project(strengthLevels: 7);
        var turn = Start(project);
        Answer(turn, "good", "bad");
        test.Time.Pass(TimeSpan.FromSeconds(20));
        Assert.Throws<InvalidDataException>(
            () => Dialogues.Choose(project, test.Owner.Id, turn.Dialogue, turn.Id, Better(turn, "good"), 5));
        Dialogues.Choose(project, test.Owner.Id, turn.Dialogue, turn.Id, Better(turn, "good") with { Strength = 3 }, 600);
        var decision = Turn(turn).Decision!;
        Assert.Equal((3, 20.0), (decision.Result.Strength, decision.Seconds));
        Assert.Equal(1, test.Store.Projects.Progress(project.Id).Done);
    }

    [Fact]
    public void Choose_AfterItWasDiscarded_IsRefused()
    {
        var project = Project();
        var turn = Decided(project, Start(project), better: "good");
        test.Store.Reviews.Reject(project, test.Owner.Id, Turn(turn).Decision!.Id, 1, seen: 0, SentTo.Nobody, "A guess.");
        Assert.Contains("discarded", Assert.Throws<InvalidDataException>(() => Decided(project, turn, better: "good")).Message);
        test.AssertCountsEqualARecount();
    }

    [Fact]
    public void Export_Conversations_AreOneRowForEachBranchAndOnOneSide()
    {
        var project = Project(system: "");
        var first = Decided(project, Start(project), better: "good");
        Decided(project, Next(project, first), better: "bad");
        Decided(project, Next(project, first, from: "bad", token: "branch"), better: "good", own: "my own");
        Assert.Equal(
        [
            Messages("Hello", "good", "Next", "bad"), Messages("Hello", "bad", "Next", "my own"),
        ], Export(project, ExportLayout.Conversations).Select(row => row["messages"]!.ToJsonString()));
        Assert.Equal(3, Export(project, ExportLayout.Pairs).Count);
        Assert.Equal([true, false, false, true, true, false], Export(project, ExportLayout.Kto).Select(row => (bool)row["label"]!));
        Assert.Equal("\n\nHuman: Hello\n\nAssistant: good\n\nHuman: Next\n\nAssistant: bad",
            (string)Export(project, ExportLayout.Hh)[1]["chosen"]!);
        var split = test.Store.Exports.Preview(project, new() { HeldOut = 0.5 });
        Assert.Equal(3, Math.Max(split.TrainRows, split.HeldOutRows));
    }

    [Fact]
    public void Export_RedTeam_HasTheLessHarmfulResponseAsChosen()
    {
        var project = Project(DialogueGoal.RedTeam);
        Decided(project, Start(project), better: "good");
        Assert.Equal("good", (string)Export(project, ExportLayout.Pairs).Single()["chosen"]![0]!["content"]!);
        Assert.Contains("red-team", Assert.Throws<InvalidDataException>(() => Export(project, ExportLayout.Conversations)).Message);
    }

    Project Project(DialogueGoal goal = DialogueGoal.Helpful, string system = "Be brief.", int strengthLevels = 0) => test.Project(new()
    {
        Task = TaskKind.Dialogue, StrengthLevels = strengthLevels,
        Dialogue = new() { Goal = goal, SystemPrompt = system, MostTurns = 3, Models = [new("model", "/model")] },
    }, items: 0);

    DialogueTurn Start(Project project) => Dialogues.Start(project, test.Owner.Id, " Hello ", "start");

    DialogueTurn Next(Project project, DialogueTurn turn, string? from = null, string token = "next") => Dialogues.Continue(
        project, test.Owner.Id, turn.Dialogue, turn.Id, from is null ? null : Place(turn, from), "Next", token);

    DialogueTurn Turn(DialogueTurn turn) => Dialogues.Turns(turn.Dialogue).Single(each => each.Id == turn.Id);

    int Place(DialogueTurn turn, string response) => (string)Turn(turn).Responses[0]! == response ? 0 : 1;

    AnnotationResult Better(DialogueTurn turn, string response) => new() { Ranks = Place(turn, response) == 0 ? [0, 1] : [1, 0] };

    void Answer(DialogueTurn turn, params string[] responses) => Dialogues.Answer(
        Dialogues.Find(test.Ask<long>($"SELECT project_id FROM dialogue WHERE id = {turn.Dialogue}"), turn.Dialogue)!, turn.Id,
        [.. responses.Select(response => new ItemResponse(JsonValue.Create(response), "model"))]);

    DialogueTurn Decided(Project project, DialogueTurn turn, string better, string? own = null)
    {
        Answer(turn, "good", "bad");
        Dialogues.Choose(project, test.Owner.Id, turn.Dialogue, turn.Id, Better(turn, better) with { Ideal = own }, seconds: 1);
        return Turn(turn);
    }

    static string Messages(params string[] texts) => new JsonArray([.. texts.Index().Select(text =>
        (JsonNode)new JsonObject { ["role"] = text.Index % 2 == 0 ? "user" : "assistant", ["content"] = text.Item })]).ToJsonString();

    List<JsonNode> Export(Project project, ExportLayout layout)
    {
        var path = folder.File($"{layout}-{Guid.NewGuid():N}");
        test.Store.Exports.Snapshot(project, new() { Layout = layout }, path);
        return [.. File.ReadLines(Path.Combine(path, "train.jsonl")).Select(line => JsonNode.Parse(line)!)];
    }

    public void Dispose()
    {
        test.Dispose();
        folder.Dispose();
        GC.SuppressFinalize(this);
    }
}

public sealed class SqliteDialogueTests() : DialogueTests(StoreKind.Sqlite);

public sealed class PostgresDialogueTests() : DialogueTests(StoreKind.Postgres);
