using Attune.Testing.Models;
using Attune.Text.Trainers;
using Attune.Training.Servers;

namespace Attune.Training.Tests.Servers;

/// <summary>What is checked before the first response, and which servers are refused.</summary>
public sealed class ServerConnectionTests : ServerTests
{
    [Fact]
    public void Connect_NoServer_IsOneMessage()
    {
        server.Dispose();
        var error = Assert.Throws<InvalidDataException>(() => Connect());
        Assert.StartsWith($"rollout.servers: {server.Url[..^3]}/v1/models cannot be reached", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Connect_AServerOfAnotherKind_IsOneMessage()
    {
        server.Fault = (path, _) => path == "/get_model_info" ? (404, "nothing here") : null;
        var error = Assert.Throws<InvalidDataException>(() => Connect(RolloutProtocol.Sglang));
        Assert.Contains("answered 404", error.Message, StringComparison.Ordinal);
        Assert.Contains("rollout.protocol", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Connect_ASmallerVocabulary_IsRefused()
    {
        server.Description["vocab_size"] = 20;
        var error = Assert.Throws<InvalidDataException>(() => Connect());
        Assert.Contains(
            "has another tokenizer than the policy: its vocabulary has 20 tokens", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Connect_OtherTokensOfAText_IsRefused()
    {
        server.Fault = (path, _) => path == "/tokenize" ? (200, """{"tokens":[1,2,3]}""") : null;
        var error = Assert.Throws<InvalidDataException>(() => Connect());
        Assert.Contains("a text has the tokens 1 2 3 there", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Connect_AServerThatCannotTokenize_IsUsed()
    {
        CannotTokenize();
        using var generator = Connect();
        Assert.Equal(Prompts.Length * 2, Sample(generator).Count);
    }

    [Theory, MemberData(nameof(Protocols))]
    public void Connect_OtherTextOfTokens_IsRefused(RolloutProtocol protocol)
    {
        CannotTokenize();
        server.Tokenizer = BytePairTrainer.Train(
            Enumerable.Repeat("zip zap zebra zoom", 9), new() { VocabularySize = 300, MinFrequency = 2 });
        var error = Assert.Throws<InvalidDataException>(() => Connect(protocol));
        Assert.Matches(
            "another tokenizer than the policy: the token id [0-9]+ is \"[a-zA-Z]+\" here, and a text that begins with \".*\" there",
            error.Message);
    }

    [Theory]
    [InlineData(400, "echo must be false")]
    [InlineData(200, """{"choices":[{"text":" a"}]}""")]
    [InlineData(200, """{"choices":[{}]}""")]
    public void Connect_AServerThatDoesNotReturnThePrompt_IsUsed(int status, string answer)
    {
        CannotTokenize();
        var calls = 0;
        var tokenize = server.Fault;
        server.Fault = (path, at) => path == "text" && ++calls > 0 ? (status, answer) : tokenize(path, at);
        using var generator = Connect();
        Assert.Equal(Prompts.Length * 2, Sample(generator).Count);
        Assert.Equal(1, calls);
    }

    [Fact]
    public void Connect_AServerThatTellsItsVocabulary_IsNotAskedForTexts()
    {
        server.Description["vocab_size"] = TinyData.Tokenizer.VocabularySize;
        server.Fault = (path, _) => path == "text" ? throw new InvalidOperationException("asked") : null;
        using var generator = Connect();
        Assert.Equal(Prompts.Length * 2, Sample(generator).Count);
    }

    void CannotTokenize() => server.Fault = (path, _) => path == "/tokenize" ? (404, "") : null;
}
