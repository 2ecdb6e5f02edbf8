using Attune.Testing;
using Attune.Training.Recipes;

namespace Attune.Training.Tests.Recipes;

/// <summary>Keys that were renamed: still read from files and words, with a notice that says the new name.</summary>
public sealed class FormerKeysTests : IDisposable
{
    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Read_OldKeysOfAFile_AreTheNewOnesAndAreNamed()
    {
        var file = folder.Write("ppo.yaml", """
            method: ppo
            model: m
            rewardModel: r
            data: { train: a }
            ppo:
              klCoef: 0.3
              epochs: 2
              ema: 0.9
              clipRange: 0.1
            """);
        var notices = new List<string>();
        var recipe = (PpoRecipe)RecipeReader.Read(null, file, [], notices.Add).Recipe;
        Assert.Equal((0.3, 2, 0.9, 0.1), (recipe.Kl.Coef, recipe.Updates.Epochs, recipe.Average.Decay, recipe.Ppo.ClipRange));
        Assert.Equal(
            ["`ppo.epochs` is now called `updates.epochs`", "`ppo.klCoef` is now called `kl.coef`",
                "`ppo.ema` is now called `average.decay`"],
            notices);
    }

    [Theory]
    [InlineData("ppo.klCoef=0.3")]
    [InlineData("klCoef=0.3")]
    [InlineData("kl.coef=0.3")]
    public void Read_OldOrNewWord_SetsTheSameValue(string word)
    {
        var recipe = (PpoRecipe)RecipeReader.Read("ppo", null, ["model=m", "rewardModel=r", "data.train=a", word]).Recipe;
        Assert.Equal(0.3, recipe.Kl.Coef);
    }

    [Fact]
    public void Read_OldAndNewKey_KeepsTheNewOne()
    {
        var file = folder.Write("ppo.yaml", "model: m\nrewardModel: r\ndata: { train: a }\nkl: { coef: 0.1 }\nppo: { klCoef: 0.3 }\n");
        Assert.Equal(0.1, ((PpoRecipe)RecipeReader.Read("ppo", file, []).Recipe).Kl.Coef);
    }
}
