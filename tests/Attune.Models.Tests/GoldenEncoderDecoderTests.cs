using System.Text.Json;
using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Models.Tests;

/// <summary>Compares logits, hidden states, losses and gradients with those of transformers for tiny encoder–decoders.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenEncoderDecoderTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();
    readonly TemporaryFolder folder = new();

    public static TheoryData<string, string> Models =>
        [.. from name in GoldenModels.WithClass("ForConditionalGeneration")
            from config in GoldenModels.Configs(name)
            select (name, config)];

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void LogitsAgree(string name, string config)
    {
        var model = Load(name, config);
        foreach (var item in GoldenModels.Expected(name).GetProperty("forward").EnumerateObject())
        {
            var input = GoldenModels.Input(item.Value.GetProperty("inputs"));
            var hidden = model.HiddenStates(input);
            foreach (var output in item.Value.GetProperty("outputs").EnumerateObject().Where(output => GoldenTensor.IsTensor(output.Value)))
                Compare(output, model, input, hidden, $"{name}: {item.Name} {output.Name}");
            Golden.Ran("models: logits");
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void LossAndGradientsAgree(string name, string config)
    {
        var expected = GoldenModels.Expected(name).GetProperty("loss");
        var model = Load(name, config);
        model.SetTrainable(true);
        var labels = GoldenModels.Longs(expected.GetProperty("inputs").GetProperty("labels"));
        var input = GoldenModels.Input(expected.GetProperty("inputs"));
        Golden.Equal(
            GoldenModels.Longs(expected.GetProperty("decoder_input_ids")).ToArray<long>(),
            GoldenModels.ShiftedRight(labels, model).ToArray<long>(), "decoder_input_ids");
        var written = new ModelInput(GoldenModels.ShiftedRight(labels, model), Source: input);
        var logprobs = model.Logits(model.HiddenStates(written)).LogSoftmax(-1);                  // (B, T, V)
        var wanted = labels.NotEqualTo(-100).To(DType.Float32);
        var loss = -(logprobs.Gather(2, labels.Clamp(0, null).Unsqueeze(2)).Squeeze(2) * wanted).Sum() / wanted.Sum();
        Golden.Close(expected.GetProperty("loss").GetDouble(), loss.Item(), $"{name}: loss", Tolerance.ModelLoss);
        loss.Backward();
        GoldenModels.CompareGradients(model, expected.GetProperty("grads"), name);
        Golden.Ran("models: loss and gradients");
    }

    LanguageModel Load(string name, string config) => Pretrained.LoadLanguageModel(GoldenModels.Copy(name, config, folder));

    static void Compare(JsonProperty output, LanguageModel model, ModelInput input, Tensor hidden, string what)
    {
        var expected = GoldenTensor.Read(output.Value);
        var (actual, real) = output.Name switch
        {
            "logits" or "logits_first64" => (model.Logits(hidden), null),
            "decoder_last_hidden_state_first8" => (hidden, null),
            "encoder_last_hidden_state_first8" => (((T5)model.Backbone).Encode(input.Source!), input.Source!.AttentionMask),
            _ => throw new InvalidDataException($"{what} is not known"),
        };
        actual = actual.Slice(2, 0, expected.Shape[2]);
        var cells = real?.Unsqueeze(2).Expand(actual.Shape.ToArray()).ToArray<bool>()
            ?? [.. Enumerable.Repeat(true, (int)actual.ElementCount)];
        Golden.Close(expected.Data, actual.ToArray<float>(), what, Tolerance.Logits, cells);
    }
}
