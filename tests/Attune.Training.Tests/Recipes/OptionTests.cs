using System.Security.Cryptography;
using System.Text.Json;
using Attune.Reporting.Files;
using Attune.Reporting.Runs;
using Attune.Training.Recipes;

namespace Attune.Training.Tests.Recipes;

/// <summary>
/// Every key of a method's own section, such as <c>kto.beta</c>, changes what a run gives: of all methods on fixed data, and of those that
/// sample with a line in <see cref="Changes"/>.
/// </summary>
public sealed class OptionTests(OptionRuns runs) : IClassFixture<OptionRuns>
{
    /// <summary>GKD with the model as its own teacher.</summary>
    static readonly string[] Itself = ["teacher=", "gkd.teacherPrompt=\"{completion}{prompt}\""];

    /// <summary>
    /// Words with another value than that of <see cref="TinyRuns"/>; the last one has the key, those before it are needed.
    /// </summary>
    static readonly string[][] Changes =
    [
        ["sft.loss=dft"], ["sft.labelSmoothing=0.2"], ["sft.dropout=false"], ["sft.neftuneNoiseAlpha=5"], ["sft.packing=true"],
        ["dpo.loss=robust", "dpo.labelSmoothing=0.2"], ["dpo.beta=0.5"], ["dpo.loss=hinge"],
        ["dpo.loss=[sigmoid, hinge]", "dpo.lossWeights=[1, 3]"],
        ["dpo.fDivergence=jsDivergence"], ["dpo.fDivergence=alphaDivergence", "dpo.alphaDivergenceCoef=0.8"], ["dpo.ldAlpha=0.5"],
        ["dpo.useWeighting=true"], ["dpo.loss=discopop", "dpo.discopopTau=0.5"], ["dpo.referenceFree=true"],
        ["cpo.beta=0.5"], ["cpo.loss=hinge"], ["cpo.cpoAlpha=0.5"], ["cpo.loss=simpo", "cpo.simpoGamma=2"],
        ["cpo.loss=simpo", "cpo.alpha=0.5"],
        ["cpo.labelSmoothing=0.2"], ["orpo.beta=0.5"],
        ["tpo.beta=0.5"], ["tpo.loss=hinge"], ["tpo.tpoAlpha=0.5"], ["tpo.loss=tpoL", "tpo.gamma=2"], ["tpo.labelSmoothing=0.2"],
        ["kto.undesirableWeight=0", "kto.loss=apoZeroUnpaired"], ["kto.beta=0.5"], ["kto.desirableWeight=2"], ["kto.undesirableWeight=2"],
        ["bco.beta=0.5"], ["bco.matchPrompts=false"], ["bco.promptSampleSize=2"],
        ["bco.minDensityRatio=0.99"], ["bco.minDensityRatio=0", "bco.maxDensityRatio=0.5"],
        ["gkd.beta=0.1"], ["gkd.lambda=0", "gkd.lambda=1"], ["gkd.lambda=0", "gkd.seqKd=true"], ["gkd.temperature=2"], ["gkd.over=topK"],
        ["gkd.over=topK", "gkd.topK=5"], ["gkd.over=topK", "gkd.topK=5", "gkd.tail=false"],
        ["gkd.teacherPrompt=\"{completion}{prompt}\""], [.. Itself, "gkd.teacherKind=live"],
        [.. Itself, "gkd.teacherKind=average", "gkd.syncEvery=2"], [.. Itself, "gkd.teacherKind=average", "gkd.syncRate=0.5"],
        ["prm.stepSeparator=;"], ["prm.trainOnLastStepOnly=true"],
        ["ilql.tau=0.9"], ["ilql.gamma=0.5"], ["ilql.cqlScale=1"], ["ilql.awacScale=0.5"], ["ilql.beta=1"], ["ilql.alpha=1"],
        ["ilql.syncEvery=1"], ["ilql.twoQs=false"], ["ilql.advantageBeta=3"], ["ilql.topK=5"], ["ilql.betas=[0]"],
        ["ilql.normalizeRewards=false"],
        ["grpo.loss=sapo"], ["grpo.clipLow=0.0001"], ["grpo.clipHigh=0.0001"], ["grpo.clipHigh=0", "grpo.delta=1.0001"],
        ["grpo.importanceSamplingLevel=sequence"], ["grpo.scaleRewards=batch"],
        ["rewards=[{kind: length}, {kind: repetition}]", "grpo.multiObjectiveAggregation=normalizeThenSum"],
        ["grpo.maskTruncated=true"], ["grpo.topEntropyQuantile=0.3"], ["grpo.offPolicyMaskThreshold=0"],
        ["kl.in=loss", "kl.estimator=k3", "grpo.useBiasCorrectionKl=true"], ["grpo.entropyCoef=0.1"], ["grpo.useAdaptiveEntropy=false"],
        ["grpo.entropyTarget=0.1"], ["grpo.entropyCoefDelta=0.1"], ["grpo.entropyCoefMin=0.5"], ["grpo.entropyCoefMax=0.001"],
        ["grpo.loss=sapo", "grpo.sapoTemperaturePos=3"], ["grpo.loss=sapo", "grpo.sapoTemperatureNeg=3"],
        ["grpo.loss=vespo", "grpo.vespoKPos=4"], ["grpo.loss=vespo", "grpo.vespoLambdaPos=1"],
        ["grpo.loss=vespo", "grpo.vespoKNeg=1"], ["grpo.loss=vespo", "grpo.vespoLambdaNeg=4"],
        ["grpo.clipLow=1e-6", "grpo.clipHigh=1e-6", "grpo.divergenceType=binaryTv"],
        ["grpo.covariance.clipCovLb=-100", "grpo.covariance.clipCovUb=100", "grpo.covariance.clipCovRatio=0.5"],
        ["grpo.covariance.clipCovRatio=0.5", "grpo.covariance.clipCovLb=-100"],
        ["grpo.covariance.clipCovRatio=0.5", "grpo.covariance.clipCovLb=-100", "grpo.covariance.clipCovUb=0"],
        ["grpo.covariance.klCovRatio=0.5"], ["grpo.covariance.klCovRatio=0.5", "grpo.covariance.klCovCoef=9"],
        ["rloo.clipLow=0.0001"], ["rloo.clipHigh=0.0001"], ["rloo.normalizeAdvantages=true"], ["rloo.maskTruncated=true"],
        ["reinforce.baseline=group"], ["reinforce.normalizeAdvantages=false"], ["reinforce.gamma=0.5"],
        ["reinforce.clipLow=0.0001"], ["reinforce.clipHigh=0.0001"],
        ["a2c.gamma=0.5"], ["a2c.gaeLambda=0.5"], ["a2c.whitenAdvantages=true"], ["a2c.whitenRewards=true"], ["a2c.valueCoef=0.5"],
        ["a2c.entropyCoef=0.1"], ["a2c.valueGaeLambda=0.5"], ["a2c.gaeLambdaAlpha=0.5"],
        ["trpo.gamma=0.5"], ["trpo.gaeLambda=0.5"], ["trpo.whitenAdvantages=false"], ["trpo.whitenRewards=true"], ["trpo.targetKl=0.001"],
        ["trpo.valueGaeLambda=0.5"], ["trpo.gaeLambdaAlpha=0.5"], ["trpo.cgMaxSteps=1"], ["trpo.cgDamping=1"], ["trpo.subSamplingFactor=2"],
        ["trpo.targetKl=0.5", "trpo.cgDamping=1e-4", "trpo.lineSearchShrinkingFactor=0.1"],
        ["trpo.targetKl=0.5", "trpo.cgDamping=1e-4", "trpo.lineSearchMaxIter=1"],
        ["nlpo.topMask=0.5"], ["nlpo.topMask=1", "nlpo.maskType=learnedTopK"], ["nlpo.topMask=0.01", "nlpo.minTokensToKeep=1"],
        ["nlpo.targetUpdateIterations=1"],
        ["onlineDpo.loss=hinge"], ["onlineDpo.loss=[sigmoid, ipoSum]", "onlineDpo.lossWeights=[1, 3]"],
        ["onlineDpo.labelSmoothing=0.2"], ["onlineDpo.fDivergence=jsDivergence"],
        ["onlineDpo.fDivergence=alphaDivergence", "onlineDpo.alphaDivergenceCoef=0.8"], ["sampling.stop=[e]", "onlineDpo.ldAlpha=0.5"],
        ["onlineDpo.loss=discopop", "onlineDpo.discopopTau=0.5"],
        ["xpo.alpha=0.1"], ["xpo.loss=hinge"], ["xpo.loss=[sigmoid, ipoSum]", "xpo.lossWeights=[1, 3]"],
        ["xpo.labelSmoothing=0.2"], ["xpo.fDivergence=jsDivergence"],
        ["xpo.fDivergence=alphaDivergence", "xpo.alphaDivergenceCoef=0.8"], ["sampling.stop=[e]", "xpo.ldAlpha=0.5"],
        ["xpo.loss=discopop", "xpo.discopopTau=0.5"], ["nashMd.mixtureCoef=0.1"],
    ];

    public static TheoryData<string> Keys =>
    [
        .. from method in MethodCatalog.All
            let recipe = method.NewRecipe()
            where recipe is OfflineRecipe || Array.Exists(Changes, words => MethodOf(words) == method.Name)
            from key in RecipeKeys.All(recipe.GetType())
            where MethodOf([key.Key]) == method.Name
            select key.Key,
    ];

    /// <summary>The method whose own section has the key of the last word: online-dpo of onlineDpo.loss.</summary>
    static string MethodOf(string[] words) => JsonNamingPolicy.KebabCaseLower.ConvertName(words[^1].Split('.')[0]);

    [Theory]
    [MemberData(nameof(Keys))]
    public void Key_WithAnotherValue_ChangesTheOutcome(string key)
    {
        var words = Array.Find(Changes, words => words[^1].Split('=')[0] == key);
        Assert.True(words is not null, $"OptionTests.Changes has no other value of {key}");
        var method = MethodOf(words!);
        Assert.NotEqual(runs.Outcome(method, words[..^1]), runs.Outcome(method, words));
    }
}

/// <summary>What runs of a few steps give, each made once.</summary>
public sealed class OptionRuns : IDisposable
{
    readonly TinyRuns runs = new(layers: 2);
    readonly Dictionary<string, string> outcomes = new(StringComparer.Ordinal);

    /// <summary>The hashes of the model's files, and the metrics, that a method gives with these words of a command line.</summary>
    public string Outcome(string method, string[] words)
    {
        var name = string.Join(' ', [method, .. words]);
        if (!outcomes.TryGetValue(name, out var outcome))
            outcomes[name] = outcome = Outcome(runs.Start(method, Recipe(method, words)));
        return outcome;
    }

    static string Outcome(RunFolder run)
    {
        var files = Directory.GetFiles(run.Model, "*", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(file) != "README.md").Order(StringComparer.Ordinal)    // a model card has the recipe
            .Select(file => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file))));
        var metrics = JsonLinesLog.Read(run.Metrics).Select(line =>
            string.Join(' ', line.Where(metric => !metric.Key.StartsWith("time/", StringComparison.Ordinal))));
        return string.Join('\n', files.Concat(metrics));
    }

    IRecipe Recipe(string method, string[] words)
    {
        var file = runs.PathTo($"{method}.yaml");
        File.WriteAllText(
            file, RecipeWriter.Write(method, runs.Recipe(method, $"{method}-{outcomes.Count}", steps: 3), withComments: false));
        return RecipeReader.Read(method, file, ["optimizer.learningRate=3e-3", .. words]).Recipe;
    }

    public void Dispose() => runs.Dispose();
}
