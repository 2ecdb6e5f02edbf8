using System.Text.RegularExpressions;
using Attune.Testing;
using Attune.Training.Recipes;

namespace Attune.Training.Tests.Recipes;

/// <summary>Argument names of TRL, trlX and OpenRLHF in messages, and the page about them.</summary>
public sealed partial class ForeignKeysTests
{
    static readonly string Page = File.ReadAllText(Repository.PathTo("docs", "coming-from-trl.md"));

    static readonly HashSet<string> Keys =
        [.. MethodCatalog.All.SelectMany(method => RecipeKeys.All(method.NewRecipe().GetType())).Select(row => row.Key)];

    [Theory]
    [InlineData("sft", "per_device_train_batch_size=4", "use `training.microBatchSize`")]
    [InlineData("sft", "--learning_rate=1e-5", "'learning_rate': use `optimizer.learningRate`")]
    [InlineData("dpo", "num_train_epochs=3", "use `training.epochs`")]
    [InlineData("ppo", "beta=0.1", "use `kl.coef`")]
    [InlineData("ppo", "ppo.beta=0.1", "use `kl.coef`")]
    [InlineData("ppo", "cliprange=0.1", "use `ppo.clipRange`")]
    [InlineData("grpo", "cliprange=0.1", "use `grpo.clipLow`")]
    [InlineData("sft", "cliprange=0.1", "this method has no such key; others have `ppo.clipRange` or `grpo.clipLow`")]
    [InlineData("grpo", "epsilon=0.1", "'epsilon' is ambiguous: write optimizer.epsilon or grpo.clipLow")]
    [InlineData("sft", "logging_steps=1", "every step is logged")]
    public void Read_ForeignName_SaysWhatToWrite(string method, string word, string expected)
    {
        var error = Assert.Throws<InvalidDataException>(() => RecipeReader.Read(method, null, [word]));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("training:\n  num_train_epochs: 3", "line 2: 'training.num_train_epochs': use `training.epochs`")]
    [InlineData("lr: 1", "line 1: 'lr': use `optimizer.learningRate`")]
    [InlineData("training:\n  learningRate: 3", "Did you mean 'optimizer.learningRate'?")]
    public void Read_ForeignNameInAFile_SaysWhatToWriteAndTheLine(string yaml, string expected)
    {
        using var folder = new TemporaryFolder();
        var error = Assert.Throws<InvalidDataException>(() => RecipeReader.Read("sft", folder.Write("a.yaml", yaml), []));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("out=1")]
    [InlineData("ppo.zeta=1")]
    public void Read_NameThatNoKeyIsNear_SuggestsNone(string word)
    {
        var error = Assert.Throws<InvalidDataException>(() => RecipeReader.Read("ppo", null, [word]));
        Assert.DoesNotContain("Did you mean", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_KeysOfForeignNames_Exist()
    {
        Assert.InRange(ForeignKeys.All.Count, 100, 300);
        Assert.All(ForeignKeys.All.Values.SelectMany(meaning => meaning.Keys), key => Assert.Contains(key, Keys));
        Assert.All(ForeignKeys.All.Values, meaning => Assert.True(meaning.Keys.Count + meaning.Note.Length > 0));
    }

    [Fact]
    public void Page_Arguments_AreThoseOfTheMessages()
    {
        var rows = ArgumentRow().Matches(Page[Page.IndexOf("## Arguments", StringComparison.Ordinal)..]);
        var onPage = rows.SelectMany(row => Code().Matches(row.Groups["names"].Value).Select(name => (
            name.Groups["code"].Value,
            string.Join(' ', Code().Matches(row.Groups["keys"].Value).Select(key => key.Groups["code"].Value)),
            row.Groups["note"].Value.Trim().Replace("./attune", "attune", StringComparison.Ordinal))));
        Assert.Equal(
            ForeignKeys.All.Select(row => (row.Key, string.Join(' ', row.Value.Keys), row.Value.Note)).Order(),
            onPage.Order());
    }

    [Fact]
    public void Page_KeysInText_Exist()
    {
        var sections = Keys.Select(key => key.Split('.')[0]).ToHashSet(StringComparer.Ordinal);
        var named = Code().Matches(Page).Select(match => match.Groups["code"].Value.Split('=')[0])
            .Where(code => DottedName().IsMatch(code) && sections.Contains(code.Split('.')[0])
                && !code.EndsWith(".json", StringComparison.Ordinal) && !code.EndsWith(".safetensors", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(named);
        Assert.All(named, key => Assert.Contains(key, Keys));
    }

    [GeneratedRegex(@"^\| (?<names>`[^|]+) \| (?<keys>[^|]+) \|(?<note>[^|]*)\|$", RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ArgumentRow();

    [GeneratedRegex("`(?<code>[^`]+)`", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Code();

    [GeneratedRegex(@"^[a-z]\w*(\.[a-zA-Z]\w*)+$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex DottedName();
}
