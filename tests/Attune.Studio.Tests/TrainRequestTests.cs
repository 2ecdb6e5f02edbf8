using System.Text.Json;
using Attune.Reporting.Reports;
using Attune.Store.Export;
using Attune.Studio.Loop;
using Attune.Training.Options;
using Attune.Training.Recipes;

namespace Attune.Studio.Tests;

/// <summary>Which recipes a page may start.</summary>
public sealed class TrainRequestTests
{
    static readonly StudioOptions Options =
        new() { Folder = "", Runs = "", Attune = [], Methods = MethodCatalog.All, Recipe = RecipeWriter.Complete };

    public static TheoryData<string> Methods => [.. MethodCatalog.All.Select(method => method.Name)];

    /// <summary>The methods that a project may offer.</summary>
    public static TheoryData<string> Offered =>
    [
        .. MethodCatalog.All.Where(method => TrainRequest.ReadsPrompts(method)
            || Enum.GetValues<ExportLayout>().Any(layout => layout.IsReadFor(method.Reads))).Select(method => method.Name),
    ];

    [Theory, MemberData(nameof(Offered))]
    public void Recipe_ProgramsAtAnyDepth_AreRefused(string method)
    {
        foreach (var key in ProgramKeys(MethodCatalog.Find(method)!.NewRecipe().GetType()))
        {
            if (method == "prm" && key.StartsWith("responses.", StringComparison.Ordinal))
                continue;                                                   // it generates no responses, and refuses these keys
            var words = new[] { $"{key}=[{{kind: process, command: id, name: a}}]" };
            var error = Assert.Throws<InvalidDataException>(() => Recipe(
                method, key.StartsWith("responses.", StringComparison.Ordinal) ? [.. words, "responses.prompts=p"] : words));
            Assert.StartsWith(
                $"`{key}`: rewards, tools and environments can only be set on the command line", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ProgramKeys_OfTheRecipes_AreFound()
    {
        Assert.Equal(
            ["episodes.environments", "episodes.tools", "goldReward", "rewards"],
            ProgramKeys(typeof(PpoRecipe)).Order(StringComparer.Ordinal));
        Assert.Equal(["responses.rewards", "responses.goldReward"], ProgramKeys(typeof(DpoRecipe)));
    }

    [Theory]
    [InlineData("ppo", "mix.text")]
    [InlineData("dpo", "responses.prompts")]
    [InlineData("reward", "normalise.demonstrations", "normalise.by=demonstrations")]
    public void Recipe_FilesThatTheStudioDidNotWrite_AreRefused(string method, string key, params string[] more)
    {
        var error = Assert.Throws<InvalidDataException>(() => Recipe(method, [.. more, $"{key}=/etc/passwd"]));
        Assert.StartsWith($"`{key}`: files can only be set on the command line", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dpo", "data.train=/etc/passwd")]
    [InlineData("dpo", "train=/etc/passwd")]
    [InlineData("dpo", "data.heldOut=/etc/passwd")]
    [InlineData("ppo", "rewardModel=/etc")]
    [InlineData("ppo", "run.output=/etc")]
    public void Recipe_KeysThatTheStudioSets_KeepTheStudiosValues(string method, string word) =>
        Assert.DoesNotContain("/etc", Recipe(method, word), StringComparison.Ordinal);

    [Theory, MemberData(nameof(Methods))]
    public void ShippedRecipe_OfEveryMethod_IsValidWithoutItsPathsAndRewards(string method)
    {
        var words = ShippedRecipe.Words(method);
        Assert.NotEmpty(words);
        Assert.DoesNotContain(words, word => word.Contains('/', StringComparison.Ordinal));
        Assert.Contains($"method: {method}\n", Recipe(method, [.. words]), StringComparison.Ordinal);
    }

    static string Recipe(string method, params string[] words)
    {
        var found = (MethodDescription)MethodCatalog.Find(method)!;
        var model = new ModelChoice("m", "/models/m");
        var others = new[] { TrainRequest.RewardModel, TrainRequest.Teacher }.Where(found.MainKeys.Contains).Select(key => (key, model));
        var request = new TrainRequest(found, model, [.. others], words);
        return request.Recipe(Options, request.All("runs/new", "train.jsonl", "heldout.jsonl"));
    }

    /// <summary>The keys of all lists of options with kinds, found by the types of the properties.</summary>
    static IEnumerable<string> ProgramKeys(Type record, string path = "") =>
        from property in record.GetProperties().Where(property => property.CanWrite)
        let key = path + JsonNamingPolicy.CamelCase.ConvertName(property.Name)
        from found in typeof(IReadOnlyList<IKind>).IsAssignableFrom(property.PropertyType) ? [key]
            : property.PropertyType.Namespace!.StartsWith("Attune.", StringComparison.Ordinal) && property.PropertyType.IsClass
                ? ProgramKeys(property.PropertyType, $"{key}.")
            : Array.Empty<string>()
        select found;
}
