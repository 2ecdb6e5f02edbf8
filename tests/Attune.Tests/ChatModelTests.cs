using Attune.Generation;

namespace Attune.Tests;

public sealed class ChatModelTests(TinyFolders tiny) : IClassFixture<TinyFolders>
{
    readonly ChatModel model = ChatModel.Load(tiny.LanguageModel, "cpu");

    [Fact]
    public void Generate_SameSeed_SameResponse()
    {
        var sampling = new SamplingOptions { MaxNewTokens = 16 };
        Assert.Equal(model.Generate("The cat says", sampling, seed: 3), model.Generate("The cat says", sampling, seed: 3));
        Assert.NotEqual(model.Generate("The cat says", sampling, seed: 3), model.Generate("The cat says", sampling, seed: 4));
    }

    [Fact]
    public void Generate_SeveralPromptsAndSamples_GivesThemByPrompt()
    {
        var responses = model.Generate(["The cat says", "The dog says"], new() { MaxNewTokens = 3 }, samples: 3);
        Assert.Equal([3, 3], responses.Select(own => own.Length));
        Assert.Empty(model.Generate(Array.Empty<string>()));
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public async Task GenerateAsync_Pieces_AreTheResponse(int seed)
    {
        var sampling = new SamplingOptions { MaxNewTokens = 24 };
        var pieces = await model.GenerateAsync("The cat says", sampling, seed).ToListAsync();
        Assert.True(pieces.Count > 1);
        Assert.Equal(model.Generate("The cat says", sampling, seed), string.Concat(pieces));
    }

    [Fact]
    public async Task GenerateAsync_StopString_IsNotGivenOut()
    {
        var plain = model.Generate("The cat says", new() { MaxNewTokens = 24 }, seed: 1);
        var stop = plain.Where(char.IsAsciiLetter).Skip(3).First().ToString();
        var sampling = new SamplingOptions { MaxNewTokens = 24, Stop = [stop] };
        var pieces = string.Concat(await model.GenerateAsync("The cat says", sampling, seed: 1).ToListAsync());
        Assert.Equal(plain[..plain.IndexOf(stop, StringComparison.Ordinal)], pieces);
    }

    [Fact]
    public async Task GenerateAsync_LeftEarly_Stops()
    {
        var count = 0;
        await foreach (var _ in model.GenerateAsync("The cat says", new() { MaxNewTokens = 24 }))
            if (++count == 2)
                break;
        Assert.Equal(2, count);
    }

    [Fact]
    public async Task GenerateAsync_Cancelled_Throws()
    {
        using var source = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in model.GenerateAsync("The cat says", new() { MaxNewTokens = 24 }, cancellationToken: source.Token))
                await source.CancelAsync();
        });
    }

    [Fact]
    public void Generate_WrongOption_SaysWhich() => Assert.Contains(
        "`sampling.topP`", Assert.Throws<InvalidDataException>(() => model.Generate("The cat says", new() { TopP = 2 })).Message);

    [Fact]
    public void Generate_EmptyPrompt_IsAnError() => Assert.Throws<InvalidDataException>(() => model.Generate(""));

    [Fact]
    public void Generate_ModelWithATemplate_WritesAPlainPromptAsAUserMessage()
    {
        const string Template = "{% for m in messages %}{{ m.content }} and{% endfor %}{{ ' the' if add_generation_prompt }}";
        model.Save(tiny.PathTo("chat"));
        model.Tokenizer.WithChatTemplate(Template).Save(tiny.PathTo("chat"));
        using var chat = ChatModel.Load(tiny.PathTo("chat"), "cpu");
        Assert.Equal(chat.Generate([new Attune.Text.Message("user", "The cat says")]), chat.Generate("The cat says"));
        Assert.Equal(model.Generate("The cat says and the"), chat.Generate("The cat says"));
        chat.UsesChatTemplate = false;
        Assert.Equal(model.Generate("The cat says"), chat.Generate("The cat says"));
    }

    [Fact]
    public void Save_Load_GeneratesTheSame()
    {
        model.Save(tiny.PathTo("saved"));
        using var saved = ChatModel.Load(tiny.PathTo("saved"), "cpu");
        Assert.Equal(model.Generate("The cat says"), saved.Generate("The cat says"));
    }

    [Fact]
    public void Load_NoModel_SaysWhere() =>
        Assert.Contains("nowhere", Assert.ThrowsAny<IOException>(() => ChatModel.Load(tiny.PathTo("nowhere"))).Message);

    [Fact]
    public void Score_DiffersByResponse_AndComesInOrder()
    {
        var scorer = ScoreModel.Load(tiny.RewardModel, "cpu");
        var scores = scorer.Score([("The cat says", " meow."), ("The cat says", " woof woof.")]);
        Assert.NotEqual(scores[0], scores[1]);
        Assert.Equal(scores[1], scorer.Score("The cat says", " woof woof."), 5);
    }
}
