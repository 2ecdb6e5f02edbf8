namespace Attune.Text.Tests;

public sealed class ChatTemplateTests
{
    static readonly Message[] Conversation = [new("system", "Be brief."), new("user", "Hi\nthere")];

    [Fact]
    public void EachMessageStandsBetweenMarkersUnderItsRole() => Assert.Equal(
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi\nthere<|im_end|>\n",
        ChatTemplate.FromTokenizer(TinyTokenizer.Trained).Render(Conversation, addGenerationPrompt: false));

    [Fact]
    public void TheGenerationPromptOpensAnAnswer() => Assert.EndsWith(
        "<|im_end|>\n<|im_start|>assistant\n",
        ChatTemplate.FromTokenizer(TinyTokenizer.Trained).Render(Conversation, addGenerationPrompt: true));

    [Fact]
    public void TheTemplateOfATokenizerIsUsedWithItsSpecialTokens() => Assert.Equal(
        "Be brief.|Hi\nthere|<|endoftext|>",
        ChatTemplate.FromTokenizer(
            TinyTokenizer.Trained.WithChatTemplate("{% for m in messages %}{{ m.content }}|{% endfor %}{{ eos_token }}"))
            .Render(Conversation));

    [Fact]
    public void ATemplateIsCompiledOnceForATokenizer()
    {
        var tokenizer = TinyTokenizer.Trained.WithChatTemplate("{{ messages }}");
        Assert.Same(ChatTemplate.FromTokenizer(tokenizer), ChatTemplate.FromTokenizer(tokenizer));
    }
}
