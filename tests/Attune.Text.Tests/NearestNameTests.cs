namespace Attune.Text.Tests;

public sealed class NearestNameTests
{
    [Theory]
    [InlineData("learning_rte", "learning_rate")]
    [InlineData("LearningRate", "learning_rate")]
    [InlineData("batch-size", "batch_size")]
    [InlineData("ppp", "ppo")]
    [InlineData("bathc_size", "batch_size")]
    [InlineData("pop", "ppo")]
    public void TheNearestNameIsFoundWhateverItsSpelling(string name, string nearest) =>
        Assert.Equal(nearest, NearestName.Find(name, ["learning_rate", "batch_size", "ppo"]));

    [Theory]
    [InlineData("temperature")]
    [InlineData("")]
    [InlineData("p")]
    [InlineData("out")]
    public void NoNameIsFoundWhenNoneIsNear(string name) => Assert.Null(NearestName.Find(name, ["learning_rate", "batch_size"]));

    [Fact]
    public void NoNameIsFoundAmongNone() => Assert.Null(NearestName.Find("anything", []));
}
