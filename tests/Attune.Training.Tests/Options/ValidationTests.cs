using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Attune.Generation;
using Attune.Reporting.Studies;
using Attune.Training.Algorithms;
using Attune.Training.Options;
using Attune.Training.Recipes;
using Attune.Training.Rewards;
using Attune.Training.Tests.Rewards;

namespace Attune.Training.Tests.Options;

/// <summary>Every rule that an options record declares is enforced, and its message names the full key.</summary>
public sealed class ValidationTests
{
    /// <summary>Numbers without a range, or whose rule depends on another option.</summary>
    static readonly string[] WithoutRange =
    [
        "run.seed", "training.epochs", "sampling.temperature", "normalise.sampling.temperature", "responses.sampling.temperature",
        "tokenizer.vocabularySize", "ppo.dualClip", "ppo.covariance.clipCovLb", "ppo.covariance.clipCovUb",
        "grpo.covariance.clipCovLb", "grpo.covariance.clipCovUb",
        "rewards.10.minValueWrong", "rewards.10.maxValueWrong", "rewards.10.minValueCorrect", "rewards.10.maxValueCorrect",
        "health.maxKl", "health.minKl", "health.maxRatioError", "health.maxClipShare", "health.minEntropyShare", "health.minEnded",
        "health.maxRepetition", "health.minDistinctShare", "health.minExplainedVariance", "health.minHeldOutShare", "health.maxLostShare",
        "health.minSelectedPrompts",
    ];

    public static TheoryData<string> Records => [.. MethodCatalog.All.Select(method => method.Name), "study", "beams", "ensemble"];

    [Theory]
    [MemberData(nameof(Records))]
    public void Range_ValueOutside_IsRefusedByItsFullKey(string record)
    {
        var root = Root(record);
        var seen = 0;
        foreach (var (key, owner, property) in Options(root, ""))
            foreach (var outside in property.GetCustomAttributes<RangeAttribute>().SelectMany(range => Outside(range, property)))
            {
                seen++;
                var before = property.GetValue(owner);
                property.SetValue(owner, outside);
                var isRefused = Validation.Check(root).Any(problem => problem.StartsWith($"`{key}` must ", StringComparison.Ordinal));
                Assert.True(isRefused, $"{key}: {outside}");
                property.SetValue(owner, before);
            }
        Assert.True(seen >= Ranges(record), $"{seen} bounds of {record}");
    }

    [Theory]
    [MemberData(nameof(Records))]
    public void Number_OfARecord_HasARange(string record)
    {
        var numbers = Options(Root(record), "").Where(option => IsNumber(option.Property.PropertyType) && option.Property.Name != "Weight");
        var without = numbers.Where(option => !option.Property.IsDefined(typeof(RangeAttribute))).Select(option => option.Key);
        Assert.Empty(without.Except(WithoutRange));
    }

    /// <summary>RangeAttribute(int, int) would round a double in .NET's Validator.</summary>
    [Theory]
    [MemberData(nameof(Records))]
    public void Range_OfADouble_HasBoundsThatAreDoubles(string record) => Assert.Empty(
        from option in Options(Root(record), "")
        where !IsWhole(option.Property.PropertyType)
        where option.Property.GetCustomAttribute<RangeAttribute>() is { } range && range.OperandType != typeof(double)
        select option.Key);

    [Theory]
    [MemberData(nameof(Records))]
    public void Defaults_LackOnlyWhatTheUserNames(string record) =>
        Assert.DoesNotContain(
            Validation.Check(record == "ppo" ? new PpoRecipe() : Root(record)),
            problem => !problem.EndsWith("(was empty).", StringComparison.Ordinal));

    [Theory]
    [InlineData("dpo", "`dpo.labelSmoothing` must be 0: none of the losses uses it. sigmoid, exoPair, robust, aot and aotUnpaired do "
        + "(was 0.1).",
        "dpo.loss=ipo", "labelSmoothing=0.1")]
    [InlineData("dpo", "`dpo.labelSmoothing` must be above 0 for exoPair, such as 0.001 (was 0).", "dpo.loss=exo_pair")]
    [InlineData("dpo", "`dpo.fDivergence` must be reverseKl: none of the losses uses it.", "dpo.loss=[sft, aot]",
        "fDivergence=forward_kl")]
    [InlineData("dpo", "`dpo.lossWeights` must have one weight for each loss, 2, or be empty (was [1]).", "dpo.loss=[sigmoid, sft]",
        "lossWeights=[1]")]
    [InlineData("dpo", "`dpo.loss` must name each loss once (was [sft, sft]).", "dpo.loss=[sft, sft]")]
    [InlineData("dpo", "`dpo.loss` must not be empty (was empty).", "dpo.loss=[]")]
    [InlineData("dpo", "`dpo.useWeighting` must be false with aot and aotUnpaired, whose terms are no pairs (was true).",
        "dpo.loss=[sigmoid, aot_unpaired]", "useWeighting=true")]
    [InlineData("dpo", "`dpo.useWeighting` must be false: sft alone has no pairs to weight (was true).", "dpo.loss=sft",
        "useWeighting=true")]
    [InlineData("dpo", "`training.microBatchSize` must be 0, and microBatchTokens too, with aot and aotUnpaired: these losses sort the "
        + "pairs of a whole step (was 2).", "dpo.loss=aot", "microBatchSize=2")]
    [InlineData("dpo", "`reference.kind` must be kept, the default, with `dpo.referenceFree`: there is no reference (was synchronised).",
        "dpo.referenceFree=true", "reference.kind=synchronised")]
    [InlineData("cpo", "`cpo.labelSmoothing` must be 0 where loss is hinge or ipo (was 0.1).", "cpo.loss=hinge", "labelSmoothing=0.1")]
    [InlineData("cpo", "`cpo.alpha` must be 0 unless loss is simpo or ipo (was 0.25).", "cpo.alpha=0.25")]
    [InlineData("tpo", "`tpo.labelSmoothing` must be 0 where loss is hinge or ipo (was 0.1).", "tpo.loss=ipo", "labelSmoothing=0.1")]
    public void Read_PairLossAndAnOptionItDoesNotUse_IsRefused(string method, string expected, params string[] words)
    {
        var error = Assert.Throws<InvalidDataException>(() => RecipeReader.Read(method, null, ["model=m", "data.train=d", .. words]));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Equal(2, error.Message.Split('\n').Length);
    }

    [Fact]
    public void Read_ListOfNames_MayBeOneNameOrTrlsNames()
    {
        Assert.Equal([DpoLoss.Ipo], Losses("dpo.loss=ipo"));
        Assert.Equal([DpoLoss.SppoHard, DpoLoss.ExoPair], Losses("dpo.loss=[sppo_hard, exoPair]", "labelSmoothing=0.1"));
        var tpo = (TpoRecipe)RecipeReader.Read("tpo", null, ["model=m", "data.train=d", "tpo.loss=tpo-l"]).Recipe;
        Assert.Equal(TpoLoss.TpoL, tpo.Tpo.Loss);

        static IEnumerable<DpoLoss> Losses(params string[] words) =>
            ((DpoRecipe)RecipeReader.Read("dpo", null, ["model=m", "data.train=d", .. words]).Recipe).Dpo.Loss;
    }

    [Theory]
    [InlineData("`kl.coef` must be at least 0 (was -1).", "kl.coef=-1")]
    [InlineData("`ppo.clipRange` must be above 0 (was 0).", "clipRange=0")]
    [InlineData("`kl.target` must be null with controller fixed (was 6).", "kl.target=6")]
    [InlineData("`kl.target` must be the KL in nats that controller adaptive or rl4lms adapts β to (was null).",
        "kl.controller=adaptive")]
    [InlineData("`updates.miniBatches` must be at most the responses of a step, 64 (was 65).", "miniBatches=65")]
    [InlineData("`sampling.temperature` must be 0 (greedy) or from 0.001 to 1000 (was 5000).", "temperature=5000")]
    [InlineData("`sampling.topP` must be from 0.000001 to 1 (was 1.5).", "topP=1.5")]
    [InlineData("`sampling.stop` must have no empty text (was [\"\", \"b\"]).", "stop=['', b]")]
    [InlineData("`run.dtype` must be auto, float32 or bfloat16 (was \"float16\").", "dtype=float16")]
    [InlineData("`run.device` must be auto, cpu, cuda or cuda:N (was \"tpu\").", "device=tpu")]
    [InlineData("`reference.syncRate` must be above 0 and at most 1 (was 0).", "syncRate=0")]
    [InlineData(
        "`reference.kind` must be kept or precomputed with an adapter: the reference is the model with the adapter off (was synchronised).",
        "lora.rank=4", "reference.kind=synchronised")]
    [InlineData("`health.act` must be none or stop where kl.coef is 0: there is no β to raise (was rollBack).",
        "kl.coef=0", "health.act=rollBack")]
    [InlineData("`critic.layers` must be at least 1 (was 0).", "critic.layers=0")]
    public void Message_SaysWhatIsAllowedAndWhatWasFound(string expected, params string[] words)
    {
        var error = Assert.Throws<InvalidDataException>(
            () => RecipeReader.Read("ppo", null, ["model=m", "rewardModel=r", "data.train=d", .. words]));
        Assert.Equal($"the recipe cannot be used:\n  {expected}", error.Message);
    }

    [Fact]
    public void Check_BrokenRulesAtEveryDepth_GivesAll() => Assert.Equal(
        [
            "`critic.model` must name a folder with a reward model where no reward is of kind model (was empty).",
            "`data.train` must name a file or a folder (was empty).",
            "`optimizer.schedule.minRatio` must be from 0 to 1 (was 2).",
            "`rewards.1.timeout` must be above 0 and at most 86400 (was 0).",
        ],
        Validation.Check(new PpoRecipe
        {
            Model = "m",
            Rewards = [new LengthReward(), new ProcessReward { Command = "cat", Timeout = 0 }],
            Optimizer = new() { Schedule = new() { MinRatio = 2 } },
            Critic = new() { Kind = Policies.CriticKind.Model },
        }).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    public void Check_NumberThatIsNotFinite_IsRefused(double value, string shown) =>
        Assert.Equal([$"`ppo.clipRange` must be a finite number (was {shown})."], Validation.Check(
            new PpoOptions { ClipRange = value }, "ppo"));

    [Fact]
    public void Sft_LabelSmoothingWithAnotherLoss_IsRefused() => Assert.Equal(
        ["`labelSmoothing` must be 0 where loss is dft (was 0.1)."],
        Validation.Check(new SftOptions { Loss = SftLoss.Dft, LabelSmoothing = 0.1 }));

    [Fact]
    public void Start_RecipeMadeInCSharpBreaksARule_WritesNothing()
    {
        using var runs = new TinyRuns();
        var recipe = (SftRecipe)runs.Recipe("sft", "run");
        var error = Assert.Throws<InvalidDataException>(
            () => runs.Start("sft", recipe with { Sft = new() { LabelSmoothing = 7 }, Training = recipe.Training with { BatchSize = 0 } }));
        Assert.Equal(
            ["`sft.labelSmoothing` must be at least 0 and below 1 (was 7).", "`training.batchSize` must be at least 1 (was 0)."],
            error.Message.Split('\n').Order(StringComparer.Ordinal));
        Assert.False(Directory.Exists(recipe.Run.Output));
    }

    [Fact]
    public void Create_RewardsOfAList_AreCheckedWithTheirPlaces()
    {
        Assert.Equal("`rewards` must have at least one reward (was empty).", Refused());
        Assert.Equal("`rewards.1.ngram` must be at least 1 (was 0).", Refused(new LengthReward(), new RepetitionReward { Ngram = 0 }));

        static string Refused(params RewardOptions[] rewards) =>
            Assert.Throws<InvalidDataException>(() => RewardSources.Create(rewards, Rewarded.Context().Policy)).Message;
    }

    [Fact]
    public void Check_SamplingOptions_NamesWhatIsWrong()
    {
        AssertProblem("badWords", new() { BadWords = [""] });
        AssertProblem("badWordsIds", new() { BadWordsIds = [[]] });
        AssertProblem("badWordsIds", new() { BadWordsIds = [[-2]] });
        AssertProblem("suppressTokens", new() { SuppressTokens = [3, -1] });
        AssertProblem("beginSuppressTokens", new() { BeginSuppressTokens = [-1] });
        AssertProblem("sequenceBias.0.text", new() { SequenceBias = [new() { Bias = 1 }] });
        AssertProblem("sequenceBias.0.bias", new() { SequenceBias = [new() { Text = "a", Bias = double.NaN }] });
        AssertProblem("exponentialDecayLengthPenalty.factor", new() { ExponentialDecayLengthPenalty = new() { Factor = 0 } });
        AssertProblem("guidanceScale", new() { NegativePrompt = "a" });

        static void AssertProblem(string key, SamplingOptions options) =>
            Assert.StartsWith($"`{key}` must", Assert.Single(Validation.Check(options)), StringComparison.Ordinal);
    }

    static object Root(string record) => record switch
    {
        "ppo" => new PpoRecipe { Rewards = [.. RewardSources.Kinds.Values.Select(kind => kind with { })] },
        "study" => new StudyOptions(),
        "beams" => new BeamOptions(),
        "ensemble" => new EnsembleOptions(),
        var method => MethodCatalog.Find(method)!.NewRecipe(),
    };

    static int Ranges(string record) => record switch { "ppo" => 90, "study" => 0, "beams" => 4, "ensemble" => 1, _ => 20 };

    /// <summary>Every option of a record and its sections, with the record that has it.</summary>
    static IEnumerable<(string Key, object Owner, PropertyInfo Property)> Options(object record, string path)
    {
        foreach (var (key, property) in RecipeKeys.Of(record.GetType()))
        {
            if (RecipeKeys.ItemType(property.PropertyType) is { } item)
            {
                var items = RecipeKeys.IsSection(item) ? (IReadOnlyList<object>)property.GetValue(record)! : [];
                foreach (var below in items.Index().SelectMany(row => Options(row.Item, $"{path}{key}.{row.Index}.")))
                    yield return below;
            }
            else if (RecipeKeys.IsSection(property.PropertyType))
                foreach (var below in Options(property.GetValue(record)!, $"{path}{key}."))
                    yield return below;
            else
                yield return (path + key, record, property);
        }
    }

    /// <summary>The nearest round value beyond each bound.</summary>
    static IEnumerable<object> Outside(RangeAttribute range, PropertyInfo property)
    {
        var (least, most) = (Number(range.Minimum), Number(range.Maximum));
        var step = IsWhole(property.PropertyType) ? 1 : 1e-7;
        if (double.IsFinite(least))
            yield return Value(range.MinimumIsExclusive ? least : least - step);
        if (most < int.MaxValue)
            yield return Value(range.MaximumIsExclusive ? most : most + step);

        object Value(double number) => Convert.ChangeType(
            number, Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType, CultureInfo.InvariantCulture);
    }

    static bool IsNumber(Type type) => IsWhole(type) || type == typeof(double) || type == typeof(double?);

    static bool IsWhole(Type type) => type == typeof(int) || type == typeof(int?);

    static double Number(object bound) => Convert.ToDouble(bound, CultureInfo.InvariantCulture);
}
