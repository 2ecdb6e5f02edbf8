using Attune.Models.Checkpoints;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Models.Tests;

/// <summary>
/// Classifiers, and the layers of encoders. Logits are those of transformers' reward models, times a factor for each label.
/// </summary>
public sealed class ClassifierTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> RewardModels => [.. GoldenModels.WithClass("ForSequenceClassification")];

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    [Theory, MemberData(nameof(RewardModels))]
    public void LoadClassifier_HeadOfThreeLabels_GivesTheLogitsOfEach(string name)
    {
        var reward = Pretrained.LoadRewardModel(Repository.PathTo("tests", "golden", "models", name));
        TinyClassifier.Write(folder.Path, reward, ("bad", 1), ("middling", 2), ("good", -1));
        var classifier = Pretrained.LoadClassifier(folder.Path);
        Assert.Equal(["bad", "middling", "good"], classifier.Labels);
        Assert.False(classifier.MultiLabel);
        foreach (var item in GoldenModels.Expected(name).GetProperty("forward").EnumerateObject())
        {
            var expected = GoldenTensor.Read(item.Value.GetProperty("outputs").GetProperty("logits")).Floats;
            var logits = classifier.Logits(GoldenModels.Input(item.Value.GetProperty("inputs"))).ToArray<float>();
            Numeric.Close(
                [.. expected.SelectMany(logit => new double[] { logit, 2 * logit, -logit })],
                [.. logits.Select(logit => (double)logit)], $"{name}, {item.Name}", 1e-4, 1e-4);
        }
    }

    [Fact]
    public void LoadClassifier_FolderWithoutOne_IsRefused()
    {
        Pretrained.Save(folder.Path, TinyModel.Bert());
        Assert.Contains(
            "has no head of a classifier (bert.pooler.dense.weight); name a folder of the class BertForSequenceClassification",
            Assert.Throws<InvalidDataException>(() => Pretrained.LoadClassifier(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory, InlineData("bert"), InlineData("roberta"), InlineData("distilbert")]
    public void LoadEncoder_AllLayers_GivesTheHiddenStatesOfTheLanguageModel(string name)
    {
        var path = Repository.PathTo("tests", "golden", "models", name);
        var (model, encoder) = (Pretrained.LoadLanguageModel(path), Pretrained.LoadEncoder(path));
        var input = GoldenModels.Input(GoldenModels.Expected(name).GetProperty("forward").EnumerateObject().First().Value
            .GetProperty("inputs"));
        Assert.Equal(model.HiddenStates(input).ToArray<float>(), encoder.HiddenStates(input, encoder.LayerCount).ToArray<float>());
        Assert.NotEqual(model.HiddenStates(input).ToArray<float>(), encoder.HiddenStates(input, 1).ToArray<float>());
    }

    [Fact]
    public void LoadEncoder_Decoder_IsRefused()
    {
        Pretrained.Save(folder.Path, TinyModel.Gpt2());
        Assert.Contains(
            "holds a model of type gpt2, which is not an encoder",
            Assert.Throws<InvalidDataException>(() => Pretrained.LoadEncoder(folder.Path)).Message, StringComparison.Ordinal);
    }
}
