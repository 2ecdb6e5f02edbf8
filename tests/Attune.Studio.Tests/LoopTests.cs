using System.Net;
using System.Text.Json.Nodes;
using Attune.Store;

namespace Attune.Studio.Tests;

/// <summary>Sampling, scoring and training from the page of a project.</summary>
public sealed class LoopTests : IDisposable
{
    // Responses and scores come from files in the folder of the model.
    const string Script = """
        command=$1 model=$2
        while [ $# -gt 0 ]; do case $1 in --output) output=$2 ;; esac; shift; done
        case $command in
          generate) cp "$model/answers" "$output" ;;
          score) cp "$model/scores" "$output" ;;
        esac
        """;

    readonly TemporaryFolder folder = new();

    [Fact]
    public async Task AnswersOfTwoModelsBecomePairsOfOneFromEach()
    {
        await using var studio = await RunningStudio.Start(["sh", folder.Write("attune.sh", Script)]);
        var project = studio.Project("hotel", new(), 0);
        Model(studio, "old", "answers", """{"prompt":"p","completions":["same","a"]}""", """{"prompt":"q","completions":["b","c"]}""");
        Model(studio, "new/deep", "answers", """{"prompt":"p","completions":["same","d"]}""",
            """{"prompt":"q","completions":["e","<script>"]}""");
        using var owner = new Visitor(studio.Address);
        using var form = new MultipartFormDataContent
        {
            { new StringContent("old"), "model" }, { new StringContent("new~deep"), "model" }, { new StringContent("2"), "samples" },
            { new StringContent("1"), "temperature" },
            { new StringContent("1"), "topP" }, { new StringContent("16"), "maxNewTokens" }, { new StringContent("10"), "prompts" },
            { new StringContent("""{"prompt":"p"}""" + "\n" + """{"prompt":[{"role":"user","content":"q"}]}""" + "\n"), "file",
                "prompts.jsonl" },
        };
        (await owner.Send(HttpMethod.Post, $"/projects/{project.Id}/loop/sample", form)).EnsureSuccessStatusCode();
        var job = await Ended(studio, project);
        Assert.Equal((JobState.Done, "3 items added"), (job.State, job.Outcome));
        var items = studio.Store.Items.Page(project.Id, 0, 10);
        Assert.Equal(["a|d", "b|e", "c|<script>"],
            items.Select(item => string.Join('|', item.Answers.Select(answer => Text(answer.Text)))));
        Assert.All(items, item => Assert.Equal(["old", "new/deep"], item.Answers.Select(answer => answer.Source)));
        Assert.Equal("assistant", (string)items[1].Answers[0].Text[0]!["role"]!);
    }

    [Fact]
    public async Task ByOneRewardModelAnswersThatScoreAlikeComeFirst()
    {
        var project = await Scored(["""{"scores":[1,3]}""", """{"scores":[2,2.5]}"""]);
        Assert.Equal([[1, 3], [2, 2.5]], project.Select(item => item.Answers.Select(answer => answer.Score!.Value)));
        Assert.True(project[1].Priority > project[0].Priority);
    }

    /// <summary>
    /// Scores of both models have a standard deviation of 1. Differences of the first item are −2 and −2, of the second 2 and −2, so the
    /// standard deviations over models are 0 and 2.
    /// </summary>
    [Fact]
    public async Task BySeveralRewardModelsTheItemsComeFirstAboutWhichTheyDisagree()
    {
        var project = await Scored(["""{"scores":[0,2]}""", """{"scores":[2,0]}"""], ["""{"scores":[0,2]}""", """{"scores":[0,2]}"""]);
        Assert.Equal([0, 2], project.Select(item => Math.Round(item.Priority!.Value, 9)));
        Assert.Equal([1, 1], project[1].Answers.Select(answer => answer.Score!.Value));
    }

    [Fact]
    public async Task AModelThatIsNotListedAndAFieldThatIsWrongAreSaid()
    {
        await using var studio = await RunningStudio.Start(["false"]);
        var project = studio.Project("hotel", new(), 2);
        using var owner = new Visitor(studio.Address);
        foreach (var (model, path, samples, said) in new[]
        {
            ("../../etc", "", "2", "there is no run ../../etc"), ("", "/etc", "2", "a folder with a model"),
            ("", "", "2", "choose a listed model"),
            ("m", "", "0", "samples must be a number from 1 to 16"), ("m", "", "1", "2 to 9 answers per prompt"),
        })
        {
            Model(studio, "m", "answers");
            using var response = await owner.Post($"/projects/{project.Id}/loop/sample", ("model", model), ("modelPath", path),
                ("samples", samples), ("temperature", "1"), ("topP", "1"), ("maxNewTokens", "8"), ("prompts", "5"));
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            Assert.Contains(said, WebUtility.HtmlDecode(await response.Content.ReadAsStringAsync()));
        }
        Assert.Empty(studio.Store.Jobs.Unfinished());
    }

    [Theory]
    [InlineData("""{"prompt":"a\ud83d"}""", "prompts.jsonl, line 1: 'prompt' contains a lone surrogate")]
    [InlineData("""{"prompt":[{"role":"user","content":[{"type":"image_url"}]}]}""", "has a part of the type 'image_url'")]
    [InlineData("""{"question":"a"}""", "prompts.jsonl, line 1: a row must have 'prompt', a text or a list of messages (has question)")]
    public async Task Sample_PromptThatCannotBeRead_IsRefusedWithItsLine(string line, string said)
    {
        await using var studio = await RunningStudio.Start(["false"]);
        var project = studio.Project("hotel", new(), 0);
        Model(studio, "m", "answers");
        using var owner = new Visitor(studio.Address);
        using var form = new MultipartFormDataContent
        {
            { new StringContent("m"), "model" }, { new StringContent("2"), "samples" }, { new StringContent("1"), "temperature" },
            { new StringContent("1"), "topP" }, { new StringContent("16"), "maxNewTokens" }, { new StringContent("10"), "prompts" },
            { new StringContent(line), "file", "prompts.jsonl" },
        };
        using var response = await owner.Send(HttpMethod.Post, $"/projects/{project.Id}/loop/sample", form);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(said, WebUtility.HtmlDecode(await response.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task ARecipeIsSeenBeforeItStartsAndStartsNoOtherProgram()
    {
        await using var studio = await RunningStudio.Start(["false"]);
        var project = studio.Project("hotel", new(), 2);
        Model(studio, "policy", "answers");
        Model(studio, "judge", "scores");
        using var owner = new Visitor(studio.Address);
        var page = WebUtility.HtmlDecode(await owner.Page(
            $"/projects/{project.Id}/loop/train?method=ppo&model=policy&rewardModel=judge&rate=1e-5&keys=kl.coef%3D0.25"));
        Assert.Contains("Data: the 2 prompts of this project.", page);
        Assert.Contains("learningRate: 1e-5", page);
        Assert.Contains("coef: 0.25", page);
        foreach (var keys in new[] { "rewards=[{kind: process, command: id}]", "gold=[{kind: process, command: id}]", "no.such.key=1",
            "--self-test", "@/etc/passwd" })
        {
            using var response = await owner.Post($"/projects/{project.Id}/loop/train", ("method", "ppo"), ("model", "policy"),
                ("rewardModel", "judge"), ("keys", keys));
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        }
        using var none = await owner.Post($"/projects/{project.Id}/loop/train", ("method", "dpo"), ("model", "policy"));
        Assert.Contains("hotel has no data for dpo", WebUtility.HtmlDecode(await none.Content.ReadAsStringAsync()));
        using var unknown = await owner.Post($"/projects/{project.Id}/loop/train", ("method", "bash"), ("model", "policy"));
        Assert.Contains("there is no method 'bash'", WebUtility.HtmlDecode(await unknown.Content.ReadAsStringAsync()));
        Assert.Empty(studio.Store.Jobs.Unfinished());
    }

    /// <summary>The real program trains for two steps on the decisions, and its run is shown.</summary>
    [Fact]
    public async Task ARewardModelIsTrainedFromWhatPeopleDecidedAndScoresWhatWaits()
    {
        await using var studio = await RunningStudio.Start();
        var project = studio.Project("hotel", new() { CheckEvery = 0 }, 30);
        Decide(studio, project);
        var documents =
            folder.Write("documents.txt", string.Concat(Enumerable.Range(0, 40).Select(i => $"prompt {i} old answer new answer\n")));
        var owner = studio.Store.People.Find("You")!;
        studio.Store.Jobs.Add(new() { Kind = JobKind.Train, Title = "base", Commands = [], Person = owner.Id, Run = "base" }, id =>
        {
            Directory.CreateDirectory(Path.Combine(studio.Folder, "studio", "jobs", $"{id}"));
            return [["pretrain", $"data.train={documents}", "newModel.layers=1", "newModel.width=16", "newModel.heads=2",
                "newModel.context=32", "tokenizer.vocabularySize=280", "training.steps=1", "run.threads=1",
                $"run.output={Path.Combine(studio.Folder, "runs", "base")}"]];
        });
        await JobTests.Until(() => studio.Store.Jobs.Unfinished().Count == 0);
        using var visitor = new Visitor(studio.Address);
        (await visitor.Post($"/projects/{project.Id}/loop/train", ("method", "reward"), ("model", "base"), ("steps", "2")))
            .EnsureSuccessStatusCode();
        var job = await Ended(studio, project);
        Assert.True(job.State == JobState.Done, job.Outcome);
        Assert.Equal("hotel-reward-1", job.Run);
        Assert.True(Directory.Exists(Path.Combine(studio.Folder, "runs", "hotel-reward-1", "model")));
        var page = await visitor.Page("/runs/hotel-reward-1");
        Assert.Contains("step 2 of 2", page);
        Assert.Contains("Comparison loss", page);
        var loop = await visitor.Page($"/projects/{project.Id}/loop");
        Assert.Contains("Next step: <strong>train with that reward model", loop);
        Assert.Contains("<option value=\"dpo\">", loop);
        Assert.DoesNotContain("<option value=\"sft\">", loop);
        studio.Store.Items.Add(project.Id, [new() { Prompt = JsonValue.Create("prompt 1"),
            Answers = [new(JsonValue.Create(" old")), new(JsonValue.Create(" new answer"))] }], owner.Id);
        (await visitor.Post($"/projects/{project.Id}/loop/score", ("rewardModel", "hotel-reward-1"))).EnsureSuccessStatusCode();
        job = await Ended(studio, project);
        Assert.True(job.State == JobState.Done, job.Outcome);
        Assert.All(studio.Store.Items.Page(project.Id, 0, 100)[^1].Answers, answer => Assert.NotNull(answer.Score));
    }

    static void Decide(RunningStudio studio, Project project)
    {
        var owner = studio.Store.People.Find("You")!;
        while (studio.Store.Queue.Next(project, owner.Id, 1).Items is [var showing])
            studio.Store.Annotations.Submit(project, owner.Id,
                new(showing.Token, new AnnotationResult { Ranks = showing.Shown[0] == 1 ? [0, 1] : [1, 0] }, 1));
    }

    async Task<IReadOnlyList<Item>> Scored(params string[][] models)
    {
        await using var studio = await RunningStudio.Start(["sh", folder.Write("attune.sh", Script)]);
        var project = studio.Project("hotel", new() { Order = ItemOrder.Informative }, 2);
        foreach (var (at, scores) in models.Index())
            Model(studio, $"judge-{at}", "scores", scores);
        using var owner = new Visitor(studio.Address);
        (await owner.Post($"/projects/{project.Id}/loop/score",
            [.. models.Index().Select(model => ("rewardModel", $"judge-{model.Index}"))])).EnsureSuccessStatusCode();
        var job = await Ended(studio, project);
        Assert.True(job.State == JobState.Done, job.Outcome);
        return studio.Store.Items.Page(project.Id, 0, 10);
    }

    static async Task<Job> Ended(RunningStudio studio, Project project)
    {
        await JobTests.Until(() => studio.Store.Jobs.OfProject(project.Id, 1)[0].FinishedAt is not null);
        return studio.Store.Jobs.OfProject(project.Id, 1)[0];
    }

    [Fact]
    public async Task ProcessRewardModel_OfARun_IsOfferedForTrainingOnPromptsOnly()
    {
        await using var studio = await RunningStudio.Start(["false"]);
        var project = studio.Project("hotel", new(), 1);
        Model(studio, "whole", "scores");
        Model(studio, "stepwise", "steps");
        using var owner = new Visitor(studio.Address);
        var page = await (await owner.Get($"/projects/{project.Id}/loop")).Content.ReadAsStringAsync();
        Assert.Contains("name=\"rewardModel\" value=\"whole\"", page);
        Assert.DoesNotContain("name=\"rewardModel\" value=\"stepwise\"", page);
        Assert.Contains("""<option value="stepwise">stepwise (scores steps)</option>""", page);
    }

    /// <summary>A fake run with a model, whose file has the script's output.</summary>
    static void Model(RunningStudio studio, string run, string file, params string[] lines)
    {
        var model = Directory.CreateDirectory(Path.Combine(studio.Folder, "runs", run, "model")).FullName;
        var method = file == "scores" ? "reward" : file == "steps" ? "prm" : "sft";
        File.WriteAllText(Path.Combine(studio.Folder, "runs", run, "recipe.yaml"), $"method: {method}\n");
        File.WriteAllText(Path.Combine(model, "config.json"), "{}");
        File.WriteAllLines(Path.Combine(model, file), lines);
    }

    static string Text(JsonNode answer) => answer is JsonArray messages ? (string)messages[0]!["content"]! : (string)answer!;

    public void Dispose() => folder.Dispose();
}
