using System.ClientModel;
using OpenAI;
using OpenAI.Chat;

namespace Attune.Serving.Tests;

/// <summary>The server with OpenAI's own client.</summary>
public sealed class ClientTests(RunningServer server) : IClassFixture<RunningServer>
{
    static readonly ChatMessage[] Messages = [new SystemChatMessage("Be short."), new UserChatMessage("The cat says")];

    OpenAIClient Client => new(new ApiKeyCredential("any"), new() { Endpoint = new(server.Address, "/v1") });

    [Fact]
    public async Task CompleteChat_Options_AreUnderstood()
    {
        var options = new ChatCompletionOptions
        {
            MaxOutputTokenCount = 9, Temperature = 0.8f, TopP = 0.9f, Seed = 3, FrequencyPenalty = 0.5f, PresencePenalty = 0.5f,
            IncludeLogProbabilities = true, TopLogProbabilityCount = 3, StopSequences = { "zzz" },
        };
        var chat = Client.GetChatClient("chat");
        ChatCompletion first = await chat.CompleteChatAsync(Messages, options), second = await chat.CompleteChatAsync(Messages, options);
        Assert.Equal(first.Content[0].Text, second.Content[0].Text);
        Assert.Equal(ChatMessageRole.Assistant, first.Role);
        Assert.Equal(3, first.ContentTokenLogProbabilities[0].TopLogProbabilities.Count);
        Assert.InRange(first.Usage.OutputTokenCount, 1, 9);
        Assert.Equal("chat", first.Model);
    }

    [Fact]
    public async Task CompleteChatStreaming_Pieces_AreTheWholeResponse()
    {
        var options = new ChatCompletionOptions { MaxOutputTokenCount = 20, Seed = 5 };
        var chat = Client.GetChatClient("chat");
        ChatCompletion whole = await chat.CompleteChatAsync(Messages, options);
        var (text, usage, reason) = ("", 0, (ChatFinishReason?)null);
        await foreach (var update in chat.CompleteChatStreamingAsync(Messages, options))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            usage = update.Usage?.OutputTokenCount ?? usage;
            reason = update.FinishReason ?? reason;
        }
        Assert.Equal((whole.Content[0].Text, whole.Usage.OutputTokenCount, whole.FinishReason), (text, usage, reason));
    }

    [Fact]
    public async Task Models_AreListed()
    {
        var models = await Client.GetOpenAIModelClient().GetModelsAsync();
        Assert.Equal(["adapted", "chat", "encoder", "reward"], models.Value.Select(model => model.Id).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Embeddings_AreThoseOfTheModel()
    {
        var embeddings = await Client.GetEmbeddingClient("encoder").GenerateEmbeddingsAsync(["the cat", "the dog"]);
        using var model = EmbeddingModel.Load(server.Options.Models[2].Folder, "cpu");
        var (expected, _) = await model.EmbedAsync(["the cat", "the dog"], TestContext.Current.CancellationToken);
        Assert.Equal(
            expected[1].Select(number => Math.Round(number, 4)),
            embeddings.Value[1].ToFloats().ToArray().Select(number => Math.Round(number, 4)));
    }

    [Fact]
    public async Task CompleteChat_UnknownModel_TellsTheClient()
    {
        var error = await Assert.ThrowsAsync<ClientResultException>(() => Client.GetChatClient("nobody").CompleteChatAsync(Messages));
        Assert.Equal(404, error.Status);
        Assert.Contains("this server has chat, reward, encoder, adapted", error.Message, StringComparison.Ordinal);
    }
}
