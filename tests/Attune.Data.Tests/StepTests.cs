using Attune.Text;
using Attune.Text.Trainers;

namespace Attune.Data.Tests;

/// <summary>Responses in steps: as text, and in tokens.</summary>
public sealed class StepTests
{
    static readonly Origin Origin = new("data.jsonl", 3);
    static readonly Tokenizer Tokenizer = BytePairTrainer.Train(["abc abc def def"], new() { VocabularySize = 270 });

    [Theory]
    [InlineData("a\nbc", "a|bc", "2,4")]
    [InlineData("a\nbc\n", "a|bc", "2,5")]
    [InlineData("\n a\n \nbc", " a|bc", "4,8")]
    [InlineData("", "", "0")]
    [InlineData(" \n", "", "2")]
    public void Split_Response_GivesStepsAndTheirEnds(string response, string steps, string ends)
    {
        var found = StepText.Split(response, "\n");
        Assert.Equal(steps.Split('|'), found.Select(step => step.Text));
        Assert.Equal(ends, string.Join(',', found.Select(step => step.End)));
    }

    [Fact]
    public void Split_LongSeparator_IsNotPartOfAStep() =>
        Assert.Equal([("a", 3), ("b", 4)], StepText.Split("a##b", "##"));

    [Fact]
    public void EncodeSteps_Example_EndsEachStepWithTheSeparatorAndHasNoEndToken()
    {
        var found = new TextEncoder(Tokenizer, 64).EncodeSteps(Example, "##")!;
        int[] separator = Tokenizer.Encode("##"), first = Tokenizer.Encode("def"), prompt = Tokenizer.Encode("abc");
        Assert.Equal([.. prompt, .. first, .. separator, .. Tokenizer.Encode(" abc"), .. separator], found.Tokens);
        Assert.Equal([prompt.Length + first.Length + separator.Length - 1, found.Tokens.Length - 1], found.Ends);
        Assert.Equal([true, false], found.Labels);
        Assert.Equal(prompt.Length, found.PromptLength);
    }

    [Fact]
    public void EncodeSteps_TextLongerThanTheContext_KeepsTheStepsThatFit()
    {
        var whole = new TextEncoder(Tokenizer, 64).EncodeSteps(Example, "\n")!;
        var encoder = new TextEncoder(Tokenizer, whole.Tokens.Length - 1);
        var cut = encoder.EncodeSteps(Example, "\n")!;
        Assert.Equal(whole.Ends[..1], cut.Ends);
        Assert.Equal(whole.Labels[..1], cut.Labels);
        Assert.Equal(whole.Tokens[..(whole.Ends[0] + 1)], cut.Tokens);
        Assert.Contains("cut at the end", Assert.Single(encoder.Notices), StringComparison.Ordinal);
        Assert.Null(new TextEncoder(Tokenizer, whole.Tokens.Length - 1, OverlongExamples.Drop).EncodeSteps(Example, "\n"));
        Assert.Null(new TextEncoder(Tokenizer, whole.Ends[0]).EncodeSteps(Example, "\n"));
    }

    [Fact]
    public void EncodeSteps_ToScore_CutsTheBeginningOfThePromptOrSaysThatTheStepsAreTooLong()
    {
        string[] steps = ["def", " abc"];
        var whole = new TextEncoder(Tokenizer, 64).EncodeSteps("abc abc abc", steps, "\n");
        var cut = new TextEncoder(Tokenizer, whole.Tokens.Length - 2).EncodeSteps("abc abc abc", steps, "\n");
        Assert.Equal(whole.Tokens[2..], cut.Tokens);
        Assert.Equal(whole.Ends.Select(end => end - 2), cut.Ends);
        var error = Assert.Throws<InvalidDataException>(() => new TextEncoder(Tokenizer, 3).EncodeSteps("abc", steps, "\n"));
        Assert.Contains("more than the process reward model's context of 3 tokens", error.Message, StringComparison.Ordinal);
    }

    static StepwiseExample Example => new(Origin, "abc", ["def", " abc"], [true, false]);
}
