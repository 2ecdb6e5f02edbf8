namespace Attune.Text.Tests;

public sealed class QuantityTests
{
    [Theory]
    [InlineData(0, "0 prompts")]
    [InlineData(1, "1 prompt")]
    [InlineData(1234, "1,234 prompts")]
    public void Of_Count_HasItsNumber(int count, string expected) => Assert.Equal(expected, Quantity.Of(count, "prompt"));

    [Fact]
    public void Of_IrregularPlural_IsUsed() => Assert.Equal("1 person, 2 people", $"{People(1)}, {People(2)}");

    [Theory]
    [InlineData(2, "texts longer than 9 tokens were cut at the end", "2 texts longer than 9 tokens were cut at the end")]
    [InlineData(1, "texts longer than 9 tokens were cut at the end", "1 text longer than 9 tokens was cut at the end")]
    [InlineData(1, "prompts that leave no room for a response were left out", "1 prompt that leaves no room for a response was left out")]
    [InlineData(1, "conversations have <s> twice: they are odd", "1 conversation has <s> twice: they are odd")]
    [InlineData(1, "empty completions were left out", "1 empty completion was left out")]
    public void Sentence_OfACount_Agrees(int count, string plural, string expected) =>
        Assert.Equal(expected, Quantity.Sentence(count, plural));

    static string People(int count) => Quantity.Of(count, "person", "people");
}
