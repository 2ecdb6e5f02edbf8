using Attune.Generation.Scheduling;
using Attune.Models;
using Attune.Testing.Models;

namespace Attune.Generation.Tests;

public sealed class BatchSchedulerTests
{
    static readonly int[] Prompt = [5, 7, 9, 4];

    static BatchScheduler New(LanguageModel model, SchedulerOptions? options = null) =>
        new(model, TinyModel.Pad, [TinyModel.Eos], options);

    static TokenRequest Request(ulong seed, int[]? prompt = null, int tokens = 12) => new(prompt ?? Prompt, new() { MaxNewTokens = tokens })
    {
        Seed = seed,
    };

    static async Task<int[]> Read(TokenStream stream) =>
        [.. (await stream.Tokens.ReadAllAsync(TestContext.Current.CancellationToken).ToListAsync()).Select(token => token.Id)];

    static Task<int[]> Read(BatchScheduler scheduler, TokenRequest request) => Read(scheduler.Start(request)[0]);

    [Theory, InlineData("gpt2"), InlineData("llama"), InlineData("t5")]
    public async Task Start_ManyRequestsAtOnce_EachGivesWhatItGivesAlone(string family)
    {
        using var scheduler = New(TinyModel.Of(family), new() { MaxRows = 3 });
        var requests = Enumerable.Range(1, 8).Select(i => Request((ulong)i, Prompt[..(1 + i % 4)], tokens: 3 + i)).ToList();
        var alone = new List<int[]>();
        foreach (var request in requests)
            alone.Add(await Read(scheduler, request));
        Assert.Equal(alone, await Task.WhenAll(requests.Select(request => Read(scheduler, request))));
        Assert.True(alone.DistinctBy(tokens => string.Join(' ', tokens)).Count() > 5);
    }

    [Theory, InlineData("gpt2"), InlineData("llama")]
    public async Task Start_PromptsShareABeginning_ReadItOnceAndRespondTheSame(string family)
    {
        using var scheduler = New(TinyModel.Of(family));
        int[] beginning = [.. Enumerable.Range(0, 20).Select(i => 2 + i * 7 % 29)];
        var requests = Enumerable.Range(1, 5).Select(i => Request((ulong)i, [.. beginning, 3 + i, 4 + i], tokens: 20)).ToList();
        var alone = new List<int[]>();
        foreach (var request in requests)
            alone.Add(await Read(scheduler, request));
        var first = scheduler.Start(new([.. beginning, 9], new() { MaxNewTokens = 25, SuppressTokens = [TinyModel.Eos] }))[0];
        await first.Tokens.ReadAsync(TestContext.Current.CancellationToken);
        var together = requests.ConvertAll(request => scheduler.Start(request)[0]);
        Assert.Equal(alone, await Task.WhenAll(together.Select(Read)));
        Assert.Contains(together, stream => stream.SharedTokens == beginning.Length);
    }

    /// <summary>With 32 rows, several workers share them.</summary>
    [Theory, InlineData(5), InlineData(32)]
    public async Task Start_RowsComeAndGo_EachGivesWhatItGivesAlone(int rows)
    {
        using var scheduler = New(TinyModel.Gpt2(), new() { MaxRows = rows });
        var random = new Random(1);
        var requests = Enumerable.Range(1, 120).Select(i => Request(
            (ulong)i, [.. Enumerable.Range(0, random.Next(1, 24)).Select(_ => random.Next(2, 32))], random.Next(1, 24))).ToList();
        var together = await Task.WhenAll(requests.Select(request => Read(scheduler, request)));
        var alone = new List<int[]>();
        foreach (var request in requests)
            alone.Add(await Read(scheduler, request));
        Assert.Equal(alone, together);
    }

    [Fact]
    public async Task Start_Greedy_IsThatOfTheTextGenerator()
    {
        var model = TinyModel.Gpt2();
        SamplingOptions options = new() { Temperature = 0, MaxNewTokens = 10, RepetitionPenalty = 1.3 };
        using var random = new Torch.RandomSource(1);
        var expected = new TextGenerator(model, TinyModel.Pad, [TinyModel.Eos]).Generate([Prompt], options, random)[0];
        using var scheduler = New(model);
        var other = Read(scheduler, Request(1));
        Assert.Equal(expected.Tokens, await Read(scheduler, new(Prompt, options)));
        await other;
    }

    [Fact]
    public async Task Start_OptionsDiffer_EachRowHasItsOwn()
    {
        using var scheduler = New(TinyModel.Gpt2());
        var forced = Enumerable.Range(10, 4).Select(id => scheduler.Start(new(Prompt, new()
        {
            MaxNewTokens = 5, SequenceBias = [new() { Tokens = [id], Bias = 1000 }],
        }))[0]).ToList();
        var read = await Task.WhenAll(forced.Select(Read));
        Assert.Equal(Enumerable.Range(10, 4).Select(id => Enumerable.Repeat(id, 5)), read);
    }

    [Fact]
    public async Task Start_Samples_DifferAndRepeatWithTheSeed()
    {
        using var scheduler = New(TinyModel.Gpt2());
        var first = await Task.WhenAll(scheduler.Start(Request(3) with { Samples = 4 }).Select(Read));
        var second = await Task.WhenAll(scheduler.Start(Request(3) with { Samples = 4 }).Select(Read));
        Assert.Equal(first, second);
        Assert.True(first.DistinctBy(tokens => string.Join(' ', tokens)).Count() > 1);
        Assert.Equal(first[0], await Read(scheduler, Request(3)));
    }

    [Fact]
    public async Task Start_TopLogprobs_AreThoseOfTheModelWithoutTemperature()
    {
        var model = TinyModel.Gpt2();
        using var scheduler = New(model);
        async Task<SampledToken> First(double temperature) => await scheduler.Start(
            new(Prompt, new() { MaxNewTokens = 1, Temperature = temperature }) { TopLogprobs = 32 })[0].Tokens.ReadAsync();
        var (cold, hot) = (await First(0.01), await First(10));
        Assert.Equal(32, cold.Top.Count);
        Assert.Equal(1, cold.Top.Sum(token => Math.Exp(token.Logprob)), 1e-4);
        Assert.Equal(cold.Top[0], new(cold.Id, cold.Logprob));
        Assert.Equal(cold.Top.Single(token => token.Id == hot.Id).Logprob, hot.Logprob, 1e-4);
    }

    [Fact]
    public async Task Start_TooManyWait_IsRefusedUntilOneLeaves()
    {
        using var scheduler = New(TinyModel.Gpt2(), new() { MaxRows = 1, MaxWaiting = 1 });
        var requests = Enumerable.Range(0, 50).Select(_ => Record.Exception(() => scheduler.Start(Request(1, tokens: 40)))).ToList();
        Assert.Contains(requests, error => error is QueueFullException);
        while (scheduler.Waiting + scheduler.Running > 0)
            await Task.Yield();
        Assert.NotEmpty(await Read(scheduler, Request(1)));
    }

    [Fact]
    public async Task Dispose_OfAStream_FreesItsRow()
    {
        using var scheduler = New(TinyModel.Gpt2(), new() { MaxRows = 1 });
        SamplingOptions endless = new() { MaxNewTokens = 44, SuppressTokens = [TinyModel.Eos] };
        var first = scheduler.Start(new(Prompt, endless))[0];
        await first.Tokens.ReadAsync(TestContext.Current.CancellationToken);
        var next = Read(scheduler, Request(1));
        first.Dispose();
        Assert.NotEmpty(await next);
    }

    [Fact]
    public async Task Start_AFilterFails_OnlyItsRequestFails()
    {
        using var scheduler = New(TinyModel.Gpt2());
        var wrong = scheduler.Start(Request(1) with { Filters = [new AllowedTokensFilter(_ => [])] })[0];
        var right = scheduler.Start(Request(2))[0];
        await Assert.ThrowsAsync<InvalidOperationException>(() => Read(wrong));
        Assert.NotEmpty(await Read(right));
        Assert.NotEmpty(await Read(scheduler, Request(1)));
    }

    [Fact]
    public void Start_PromptFillsTheContext_IsRefused()
    {
        using var scheduler = New(TinyModel.Gpt2());
        var error = Assert.Throws<InvalidDataException>(() => scheduler.Start(Request(1, new int[48])));
        Assert.Contains("48 tokens", error.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => scheduler.Start(Request(1, [])));
    }

    [Fact]
    public async Task Pause_LetsResponsesEndAndOthersWaitForTheNewModel()
    {
        var (old, next) = (TinyModel.Of("gpt2"), TinyModel.Of("llama"));
        using var scheduler = New(old, new() { MaxRows = 2 });
        using var other = New(next);
        var first = scheduler.Start(Request(1, tokens: 40))[0];
        _ = await first.Tokens.WaitToReadAsync(TestContext.Current.CancellationToken);
        var paused = await scheduler.PauseAsync(cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(0, scheduler.Running);
        var waiting = scheduler.Start(Request(2))[0];
        (scheduler.Model, scheduler.WeightVersion) = (next, "2");
        Assert.Null(waiting.WeightVersion);
        paused.Dispose();
        Assert.Equal(await Read(other, Request(2)), await Read(waiting));
        Assert.NotEmpty(await Read(first));
        Assert.Equal(("default", "2"), (first.WeightVersion, waiting.WeightVersion));
    }

    [Fact]
    public async Task Start_MoreSamplesThanRows_AreAllGenerated()
    {
        using var scheduler = New(TinyModel.Gpt2(), new() { MaxRows = 3 });
        var responses = await Task.WhenAll(scheduler.Start(Request(1) with { Samples = 8 }).Select(Read));
        Assert.Equal(8, responses.Length);
        Assert.True(responses.DistinctBy(tokens => string.Join(' ', tokens)).Count() > 4);
    }

    [Fact]
    public async Task Dispose_WhileResponsesRun_EndsThemWithAnError()
    {
        var scheduler = New(TinyModel.Gpt2(), new() { MaxRows = 2 });
        var streams = Enumerable.Range(0, 4).Select(i => scheduler.Start(
            new(Prompt, new() { MaxNewTokens = 44, SuppressTokens = [TinyModel.Eos] }))[0]).ToList();
        scheduler.Dispose();
        foreach (var stream in streams)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Read(stream));
        Assert.Throws<ObjectDisposedException>(() => scheduler.Start(Request(1)));
    }
}
