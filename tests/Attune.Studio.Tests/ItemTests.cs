using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using Attune.Data;
using Attune.Store;

namespace Attune.Studio.Tests;

/// <summary>Items and exports over HTTP.</summary>
public sealed class ItemTests
{
    [Fact]
    public async Task AFileComesInWithAllItsRowsOrNone()
    {
        await using var studio = await RunningStudio.Start();
        var project = studio.Project("hotel", new(), 0);
        using var owner = new Visitor(studio.Address);
        var good = """{"prompt": "the pool?", "completions": ["upstairs", "<script>alert(1)</script>"]}""";
        Assert.Contains("1 item imported", await Upload(owner, project, "answers.jsonl", Encoding.UTF8.GetBytes(good)));
        Assert.Contains("1 item imported", await Upload(owner, project, "answers.jsonl.gz", Zipped(good)));
        Assert.Contains("../wrong.jsonl, line 2: 2 answers per prompt are needed", WebUtility.HtmlDecode(
            await Upload(owner, project, "../wrong.jsonl",
                Encoding.UTF8.GetBytes(good + "\n{\"prompt\": \"p\", \"completions\": [\"a\"]}"))));
        Assert.Contains("name must end in", await Upload(owner, project, "answers.exe", [1]));
        Assert.Equal(2, studio.Store.Projects.Progress(project.Id).Items);
        Assert.Empty(Directory.GetFiles(Path.Combine(studio.Folder, "studio", "exports")));
        var page = await owner.Page($"/projects/{project.Id}/items/{studio.Store.Items.Page(project.Id, 0, 1)[0].Id}");
        Assert.Contains("&lt;script&gt;alert(1)", page);
        Assert.DoesNotContain("<script>alert(1)", page);
    }

    [Fact]
    public async Task Upload_DecidedPairsToRankAgain_HaveNoDecision()
    {
        await using var studio = await RunningStudio.Start();
        var project = studio.Project("hotel", new(), 0);
        using var owner = new Visitor(studio.Address);
        var pair = Encoding.UTF8.GetBytes("""{"prompt": "the pool?", "chosen": "upstairs", "rejected": "no"}""");
        foreach (var (decisions, open, decided) in new[] { ("Again", 1, 0), ("Both", 2, 1), ("Keep", 2, 2) })
        {
            Assert.Contains("1 item imported", await Upload(owner, project, "pairs.jsonl", pair, decisions));
            var progress = studio.Store.Projects.Progress(project.Id);
            Assert.Equal((open, decided), (progress.Items - progress.Done, progress.Decisions));
        }
        Assert.Contains("choose one of Keep, Again, Both (was 7)", await Upload(owner, project, "pairs.jsonl", pair, "7"));
        Assert.Contains("2 decisions came with imported files", await owner.Page($"/projects/{project.Id}/people"));
        Assert.DoesNotContain("<bdi>imported</bdi>", await owner.Page("/people"));
        Assert.Contains("person added", await owner.Page("/people/log"));
    }

    [Fact]
    public async Task AnUploadOfMoreThanAMebibyteIsTakenHereAndNowhereElse()
    {
        await using var studio = await RunningStudio.Start();
        var project = studio.Project("hotel", new(), 0);
        using var owner = new Visitor(studio.Address);
        var line = $$"""{"prompt": "{{new string('x', 1000)}}", "completions": ["a", "b"]}""" + "\n";
        Assert.Contains("2,000 items imported",
            await Upload(owner, project, "many.jsonl", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(line, 2000)))));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge,
            (await owner.Post($"/projects/{project.Id}/settings", ("name", new string('x', 2 << 20)))).StatusCode);
    }

    static async Task<string> Upload(Visitor visitor, Project project, string name, byte[] content, string decisions = "Keep")
    {
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(content), "file", name }, { new StringContent(decisions), "decisions" },
        };
        var response = await visitor.Send(HttpMethod.Post, $"/projects/{project.Id}/items", form);
        return await response.Content.ReadAsStringAsync();
    }

    static byte[] Zipped(string text)
    {
        using var bytes = new MemoryStream();
        using (var zip = new GZipStream(bytes, CompressionMode.Compress))
            zip.Write(Encoding.UTF8.GetBytes(text));
        return bytes.ToArray();
    }

    [Fact]
    public async Task ItemsAreFoundByTextAndStateAPageAtATime()
    {
        await using var studio = await RunningStudio.Start();
        var project = studio.Project("hotel", new() { CheckEvery = 0 }, 120);
        using var owner = new Visitor(studio.Address);
        Decide(studio, project, new() { Ranks = [0, 1], Flags = [Flag.Unsafe] });
        var first = await owner.Page($"/projects/{project.Id}/items");
        Assert.Contains("prompt 49<", first);
        Assert.DoesNotContain("prompt 50<", first);
        Assert.Contains("prompt 50<",
            await owner.Page($"/projects/{project.Id}/items?text=&state=Any&after={studio.Store.Items.Page(project.Id, 0, 50)[^1].Id}"));
        var found = await owner.Page($"/projects/{project.Id}/items?text=PROMPT+119");
        Assert.Contains("prompt 119<", found);
        Assert.DoesNotContain("prompt 1<", found);
        Assert.Contains("prompt 7<", await owner.Page($"/projects/{project.Id}/items?text=new+answer+7"));
        Assert.Contains("No items match", await owner.Page($"/projects/{project.Id}/items?text=100%25"));
        var flagged = await owner.Page($"/projects/{project.Id}/items?state=Flagged");
        Assert.Equal(1, flagged.Split("badge bad").Length - 1);
        var trail = await owner.Page($"/projects/{project.Id}/audit");
        Assert.Contains("items added", trail);
        Assert.Contains("decided", trail);
    }

    [Fact]
    public async Task AnExportIsCountedDownloadedAndWrittenAsASnapshotThatTrainingReads()
    {
        await using var studio = await RunningStudio.Start();
        var project = studio.Project("hotel", new() { CheckEvery = 0 }, 3);
        using var owner = new Visitor(studio.Address);
        for (var i = 0; i < 3; i++)
            Decide(studio, project, new() { Ranks = [1, 0] });
        var query = "?layout=Pairs&heldOut=0&decisions=1&flags=Exclude&from=2020-01-01";
        Assert.Contains("<strong>3</strong> rows of 3 prompts for training", await owner.Page($"/projects/{project.Id}/export{query}"));
        Assert.Equal(HttpStatusCode.BadRequest, (await owner.Get($"/projects/{project.Id}/export?decisions=many")).StatusCode);
        var download = await owner.Get($"/projects/{project.Id}/export/download{query}");
        using var archive = new ZipArchive(await download.Content.ReadAsStreamAsync());
        Assert.Equal(["train.jsonl", "manifest.json"], archive.Entries.Select(entry => entry.Name));
        Assert.Contains("-pairs-", await (await owner.Post($"/projects/{project.Id}/export/snapshot{query}")).Content.ReadAsStringAsync());
        var folder = Assert.Single(Directory.GetDirectories(Path.Combine(studio.Folder, "studio", "exports")));
        Assert.Equal(3, Dataset.Read(Path.Combine(folder, "train.jsonl")).Count());
        Assert.Equal(3, JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "manifest.json"),
            TestContext.Current.CancellationToken)).RootElement.GetProperty("counts").GetProperty("trainRows").GetInt32());
    }

    static void Decide(RunningStudio studio, Project project, AnnotationResult verdict)
    {
        var you = studio.Store.People.Find("You")!;
        var showing = studio.Store.Queue.Next(project, you.Id, 1).Items[0];
        Assert.NotNull(studio.Store.Annotations.Submit(project, you.Id, new(showing.Token, verdict.AsShown(showing.Shown), 1)));
    }
}
