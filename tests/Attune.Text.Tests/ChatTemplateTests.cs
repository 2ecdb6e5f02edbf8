namespace Attune.Text.Tests;

public sealed class ChatTemplateTests
{
    static readonly Message[] Conversation = [new("system", "Be brief."), new("user", "Hi\nthere")];

    [Fact]
    public void EachMessageStandsBetweenMarkersUnderItsRole() => Assert.Equal(
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi\nthere<|im_end|>\n",
        ChatTemplate.For(TinyTokenizer.Trained).Render(Conversation, addGenerationPrompt: false));

    [Fact]
    public void TheGenerationPromptOpensAnAnswer() => Assert.EndsWith(
        "<|im_end|>\n<|im_start|>assistant\n",
        ChatTemplate.For(TinyTokenizer.Trained).Render(Conversation, addGenerationPrompt: true));

    [Fact]
    public void ATokenizerThatSaysChatMlItselfIsAccepted() =>
        Assert.NotNull(ChatTemplate.For(TinyTokenizer.Trained.WithChatTemplate(ChatTemplate.Jinja)));

    [Fact]
    public void ATokenizerWithAnotherTemplateIsRefusedWithAdvice()
    {
        var other = TinyTokenizer.Trained.WithChatTemplate("{{ messages }}");
        var message = Assert.Throws<InvalidDataException>(() => ChatTemplate.For(other)).Message;
        Assert.Contains("prompt and completion", message);
        Assert.Contains("remove chat_template", message);
    }
}
