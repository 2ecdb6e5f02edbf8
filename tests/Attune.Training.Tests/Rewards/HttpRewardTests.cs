using System.Net;
using System.Net.Sockets;
using System.Text;
using Attune.Training.Options;
using Attune.Training.Policies;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Rewards;

/// <summary>Web servers that answer, answer nonsense, hang or fail.</summary>
public sealed class HttpRewardTests : IDisposable
{
    readonly HttpListener server = new();
    readonly string url;
    readonly List<string> requests = [];

    public HttpRewardTests()
    {
        url = $"http://127.0.0.1:{FreePort()}/score/";
        server.Prefixes.Add(url);
        server.Start();
    }

    public void Dispose() => ((IDisposable)server).Dispose();

    [Fact]
    public void ABatchIsPostedAndItsScoresComeBack()
    {
        Serve((200, """{"id":1,"scores":[1.5,-2]}"""));
        using var source = Source();
        Assert.Equal([1.5, -2], source.Score(Two).Totals);
        Assert.Equal(["""{"id":1,"prompts":["The cat says","The cat says"],"completions":[" meow"," woof."]}"""], requests);
    }

    [Fact]
    public void AServerThatIsBusyIsAskedAgain()
    {
        Serve((503, "busy"), (429, "slower"), (200, """{"id":1,"scores":[1,2]}"""));
        using var source = Source();
        Assert.Equal([1, 2], source.Score(Two).Totals);
        Assert.Equal(3, requests.Count);
    }

    [Fact]
    public void AServerThatRefusesIsNotAskedAgain()
    {
        Serve((404, "no such path"));
        using var source = Source();
        Assert.Equal($"the reward 'judge' failed: {url} answered 404 Not Found: no such path", Assert.Throws<InvalidDataException>(() =>
            source.Score(Two)).Message);
        Assert.Single(requests);
    }

    [Fact]
    public void AServerThatStaysBusyIsSaidWithItsWords()
    {
        Serve((500, "stack trace"));
        using var source = Source(options => options with { Retries = 1 });
        var error = Assert.Throws<InvalidDataException>(() => source.Score(Two)).Message;
        Assert.EndsWith("answered 500 Internal Server Error: stack trace (2 attempts)", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<html>Hello</html>", "its answer is not JSON: <html>Hello</html>")]
    [InlineData("", "its answer is not JSON: an empty line")]
    [InlineData("""{"id":1,"scores":[1]}""", "scores must be a list of 2 (was 1 item)")]
    public void NonsenseIsRefused(string answer, string expected)
    {
        Serve((200, answer));
        using var source = Source();
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => source.Score(Two)).Message, StringComparison.Ordinal);
        Assert.Single(requests);
    }

    [Fact]
    public void AServerThatHangsIsGivenUp()
    {
        using var source = Source(options => options with { Timeout = 0.2, Retries = 1 });        // no server is listening
        Assert.Contains(
            "did not answer within 0.2 s (2 attempts)", Assert.Throws<InvalidDataException>(() =>
            source.Score(Two)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Score_CancelledWhileTheServerIsSilent_EndsAtOnce()
    {
        using var cancellation = new CancellationTokenSource(TimeSpan.FromSeconds(0.2));
        using var source = new HttpReward { Url = url, Retries = 3 }
            .Build(Rewarded.Context() with { Cancellation = cancellation.Token });             // no server is listening
        var clock = System.Diagnostics.Stopwatch.StartNew();
        Assert.ThrowsAny<OperationCanceledException>(() => source.Score(Two));
        Assert.InRange(clock.Elapsed.TotalSeconds, 0.1, 10);
    }

    [Fact]
    public void AnAnswerOfManyMegabytesIsRefused()
    {
        Serve((200, new string('x', 65 * 1024 * 1024)));
        using var source = Source();
        Assert.Contains(
            "has more than 67108864 bytes", Assert.Throws<InvalidDataException>(() => source.Score(Two)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AServerThatIsNotThereIsSaid()
    {
        server.Stop();
        using var source = Source(options => options with { Retries = 1 });
        Assert.Contains(
            $"{url} cannot be reached: ", Assert.Throws<InvalidDataException>(() => source.Score(Two)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("localhost:80")]
    [InlineData("ftp://a")]
    public void AnAddressMustBeOne(string address) =>
        Assert.StartsWith(
            "`url` must be a URL that begins with http",
            Assert.Single(Validation.Check(new HttpReward { Url = address })), StringComparison.Ordinal);

    static Rollouts Two => Rewarded.Rollouts("The cat says", " meow", " woof.");

    IRewardSource Source(Func<HttpReward, HttpReward>? change = null)
    {
        var options = new HttpReward { Name = "judge", Url = url, Backoff = 0.01, Timeout = 30 };
        return (change?.Invoke(options) ?? options).Build(Rewarded.Context());
    }

    /// <summary>One answer for each request; the last one is repeated.</summary>
    void Serve(params (int Status, string Text)[] answers) => _ = Task.Run(async () =>
    {
        for (var i = 0; ; i++)
        {
            var context = await server.GetContextAsync();
            using (var reader = new StreamReader(context.Request.InputStream))
                requests.Add(await reader.ReadToEndAsync());
            context.Response.StatusCode = answers[Math.Min(i, answers.Length - 1)].Status;
            try
            {
                context.Response.Close(Encoding.UTF8.GetBytes(answers[Math.Min(i, answers.Length - 1)].Text), willBlock: true);
            }
            catch (HttpListenerException)                                           // the client has closed the connection
            {
            }
        }
    });

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
