using System.Text;
using Attune.Testing;

namespace Attune.Hub.Tests;

/// <summary>Downloads from a local server that answers, redirects, refuses, breaks connections and sends damaged files.</summary>
public sealed class HubDownloadTests : IDisposable
{
    static readonly byte[] Weights = LocalHub.Bytes(300_000);
    static readonly byte[] Config = Encoding.UTF8.GetBytes("""{"model_type":"llama"}""");
    static readonly HubRepository Model = HubRepository.Parse(HubKind.Model, "owner/name");

    readonly TemporaryFolder folder = new();
    readonly LocalHub hub = new();

    public HubDownloadTests()
    {
        hub.Files["config.json"] = Config;
        hub.Files["model.safetensors"] = Weights;
        hub.Files["pytorch_model.bin"] = LocalHub.Bytes(200);
        hub.Files["modeling_code.py"] = Config;
    }

    HubSettings Settings => new()
    {
        Endpoint = hub.Endpoint,
        Cache = folder.File("hub"),
        RetryDelay = TimeSpan.FromMilliseconds(5),
        IdleTimeout = TimeSpan.FromSeconds(5),
    };

    string Blob => folder.File($"hub/models--owner--name/blobs/{LocalHub.Sha256(Weights)}");

    IEnumerable<string> FileRequests => hub.Requests.Where(request => request.StartsWith("GET storage/", StringComparison.Ordinal));

    public void Dispose()
    {
        hub.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task Get_Model_LiesInTheCacheAsHuggingFacePutsIt()
    {
        var snapshot = await Get();
        Assert.Equal(folder.File($"hub/models--owner--name/snapshots/{LocalHub.Commit}"), snapshot);
        Assert.Equal(["config.json", "model.safetensors"], Directory.EnumerateFiles(snapshot).Select(Path.GetFileName).Order());
        Assert.Equal(Weights, File.ReadAllBytes(Path.Combine(snapshot, "model.safetensors")));
        Assert.Equal(
            $"../../blobs/{LocalHub.Sha256(Weights)}", new FileInfo(Path.Combine(snapshot, "model.safetensors")).LinkTarget);
        Assert.Equal($"../../blobs/{LocalHub.GitHash(Config)}", new FileInfo(Path.Combine(snapshot, "config.json")).LinkTarget);
        Assert.Equal(LocalHub.Commit, File.ReadAllText(folder.File("hub/models--owner--name/refs/main")));
        Assert.Equal(snapshot, new HubCache(folder.File("hub")).Find(Model));
        Assert.Equal(snapshot, new HubCache(folder.File("hub")).Find(Model with { Revision = LocalHub.Commit }));
        Assert.Null(new HubCache(folder.File("hub")).Find(Model with { Revision = "v1" }));
    }

    [Fact]
    public async Task Get_Again_DownloadsNothing()
    {
        await Get();
        var before = FileRequests.Count();
        await Get();
        Assert.Equal(before, FileRequests.Count());
    }

    [Fact]
    public async Task Get_ConnectionThatBreaks_ContinuesWhereItBroke()
    {
        (hub.CutAfter, hub.Cuts) = (40_000, 7);                   // more often than failures without progress are allowed
        Assert.Equal(Weights, File.ReadAllBytes(Path.Combine(await Get(), "model.safetensors")));
        var ranges = FileRequests.Skip(1).ToList();
        Assert.Equal(7, ranges.Count);
        Assert.All(ranges, request => Assert.Contains("bytes=", request));
    }

    [Fact]
    public async Task Get_AfterItWasStopped_ContinuesFromWhatIsThere()
    {
        hub.CutAfter = 100_000;
        using var stop = new CancellationTokenSource();
        var download = new HubDownload(Settings, new Progress(bytes => { if (bytes >= 100_000) stop.Cancel(); }));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => download.Get(Model, Choose, stop.Token));
        var have = new FileInfo(Blob + ".incomplete").Length;
        Assert.InRange(have, 1, Weights.Length - 1);
        Assert.False(File.Exists(Blob));
        Assert.Null(new HubCache(folder.File("hub")).Find(Model));
        hub.CutAfter = 0;
        Assert.Equal(Weights, File.ReadAllBytes(Path.Combine(await Get(), "model.safetensors")));
        Assert.Contains($"bytes={have}-", FileRequests.Last());
        Assert.False(File.Exists(Blob + ".incomplete"));
    }

    [Fact]
    public async Task Get_ServerThatDoesNotContinue_StartsAgain()
    {
        (hub.CutAfter, hub.Cuts, hub.IgnoresRanges) = (40_000, 2, true);
        Assert.Equal(Weights, File.ReadAllBytes(Path.Combine(await Get(), "model.safetensors")));
    }

    [Fact]
    public async Task Get_FileWithAnotherHash_IsRefusedAndRemoved()
    {
        hub.Damages = true;
        var error = await Assert.ThrowsAsync<IOException>(Get);
        Assert.Contains("config.json arrived damaged: its SHA-1 is not", error.Message);
        hub.Files.Remove("config.json");
        Assert.Contains("its SHA-256 is not", (await Assert.ThrowsAsync<IOException>(Get)).Message);
        Assert.Empty(Directory.EnumerateFiles(folder.File("hub/models--owner--name/blobs")));
        hub.Damages = false;
        Assert.Equal(Weights, File.ReadAllBytes(Path.Combine(await Get(), "model.safetensors")));
    }

    [Fact]
    public async Task Get_PrivateRepository_SendsTheTokenToTheHubOnly()
    {
        hub.Token = "hf_secret";
        await new HubDownload(Settings with { Token = "hf_secret" }).Get(Model, Choose, default);
        Assert.All(hub.Requests, request => Assert.NotEqual(request.Contains("storage/"), request.EndsWith("Bearer hf_secret")));
        Assert.NotEmpty(FileRequests);
    }

    [Theory]
    [InlineData(401, "GatedRepo", null, "owner/name is gated: accept its terms at http", "set HF_TOKEN")]
    [InlineData(403, "GatedRepo", "hf_x", "owner/name is gated", "it must be of that account")]
    [InlineData(401, "RepoNotFound", null, "has no model 'owner/name' that can be read without a token", "set HF_TOKEN")]
    [InlineData(404, "RepoNotFound", "hf_x", "with this token", "check the name")]
    [InlineData(404, "RevisionNotFound", null, "owner/name has no revision 'main'", "owner/name")]
    [InlineData(401, null, "hf_x", "refused owner/name (401)", "is not valid or may not read it")]
    [InlineData(403, null, null, "refused owner/name (403)", "set HF_TOKEN")]
    [InlineData(418, null, null, "answered 418", "api/models/owner/name")]
    public async Task Get_Refusal_SaysWhatToDo(int status, string? code, string? token, string expected, string remedy)
    {
        hub.Refusal = (status, code);
        var error = await Assert.ThrowsAsync<InvalidDataException>(
            () => new HubDownload(Settings with { Token = token }).Get(Model, Choose, default));
        Assert.Contains(expected, error.Message);
        Assert.Contains(remedy, error.Message);
    }

    [Fact]
    public async Task Get_ServerThatIsUnavailableForAWhile_IsAskedAgain()
    {
        hub.Unavailable = 3;
        await Get();
    }

    [Fact]
    public async Task Get_NoServer_SaysThatTheSameCommandContinues()
    {
        var settings = Settings with { Endpoint = new($"http://127.0.0.1:{LocalHub.FreePort()}/"), RetryDelay = TimeSpan.Zero };
        var error = await Assert.ThrowsAsync<IOException>(() => new HubDownload(settings).Get(Model, Choose, default));
        Assert.Contains("Run the command again to continue", error.Message);
        Assert.Contains("HF_ENDPOINT", error.Message);
    }

    [Theory]
    [InlineData("../config.json")]
    [InlineData("/etc/config.json")]
    [InlineData("a//config.json")]
    [InlineData("a\\config.json")]
    [InlineData("a\u0000.json")]
    public async Task Get_NameThatLeavesTheFolder_IsRefused(string name)
    {
        hub.Files[name] = Config;
        Assert.Contains("is not the name of a file", (await Assert.ThrowsAsync<InvalidDataException>(Get)).Message);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Get_RenamedRepository_FollowsTheRedirect()
    {
        hub.FormerId = "former";
        var snapshot = await new HubDownload(Settings).Get(HubRepository.Parse(HubKind.Model, "former"), Choose, default);
        Assert.Equal(Weights, File.ReadAllBytes(Path.Combine(snapshot, "model.safetensors")));
    }

    [Fact]
    public async Task Get_MirrorWithoutChecksumsInTheList_AsksForEach()
    {
        hub.HasDetails = false;
        Assert.Equal(Weights, File.ReadAllBytes(Path.Combine(await Get(), "model.safetensors")));
        Assert.Equal(2, hub.Requests.Count(request => request.StartsWith("HEAD", StringComparison.Ordinal)));
        Assert.True(File.Exists(Blob));
    }

    [Fact]
    public async Task Get_TwoAtOnce_DownloadOnce()
    {
        await Task.WhenAll(Get(), Get());
        Assert.Single(FileRequests);
    }

    [Fact]
    public async Task Get_ModelThatOnFileRefuses_StopsBeforeTheWeights()
    {
        var download = new HubDownload(Settings) { OnFile = (file, _) => throw new InvalidDataException(file.Name) };
        Assert.Equal("config.json", (await Assert.ThrowsAsync<InvalidDataException>(() => download.Get(Model, Choose, default))).Message);
        Assert.Empty(FileRequests);
    }

    [Fact]
    public async Task Get_Dataset_TakesTheRoutesOfDataSets()
    {
        hub.Files["data/train.jsonl"] = Config;
        var data = HubRepository.Parse(HubKind.Dataset, "owner/name");
        var snapshot = await new HubDownload(Settings).Get(data, files => HubFiles.OfDataset(data, files, ["data/*"]), default);
        Assert.Equal(folder.File($"hub/datasets--owner--name/snapshots/{LocalHub.Commit}"), snapshot);
        Assert.Equal("../../../blobs/" + LocalHub.GitHash(Config), new FileInfo(Path.Combine(snapshot, "data/train.jsonl")).LinkTarget);
        Assert.Equal(Config, File.ReadAllBytes(Path.Combine(snapshot, "data/train.jsonl")));
    }

    [Fact]
    public async Task Get_Offline_UsesTheCacheAndNeverConnects()
    {
        var offline = new HubDownload(Settings with { IsOffline = true });
        Assert.Contains(
            $"HF_HUB_OFFLINE is set, so only the cache in {folder.File("hub")} is used, and owner/name is not in it. Unset HF_HUB_OFFLINE "
                + "and run `attune models get owner/name`",
            await Refused());
        Assert.Empty(hub.Requests);

        var snapshot = await Get();
        hub.Requests.Clear();
        Assert.Equal(snapshot, await offline.Get(Model, Choose, default));
        File.Delete(Blob);
        Assert.Contains("model.safetensors of owner/name is not in it", await Refused());
        File.Delete(Path.Combine(snapshot, "model.safetensors"));
        Assert.Contains(
            $"HF_HUB_OFFLINE is set, so only the cache in {snapshot} is used: owner/name has no model.safetensors", await Refused());
        Assert.Empty(hub.Requests);

        async Task<string> Refused() =>
            (await Assert.ThrowsAsync<InvalidDataException>(() => offline.Get(Model, Choose, default))).Message;
    }

    Task<string> Get() => new HubDownload(Settings).Get(Model, Choose, TestContext.Current.CancellationToken);

    static IReadOnlyList<string> Choose(IReadOnlyList<string> files) => HubFiles.OfModel(Model, files);

    sealed class Progress(Action<long> report) : IProgress<(HubFile File, long Bytes)>
    {
        public void Report((HubFile File, long Bytes) value) => report(value.Bytes);
    }
}
