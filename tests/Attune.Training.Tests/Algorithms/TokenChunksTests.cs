using Attune.Models;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Batches;

namespace Attune.Training.Tests.Algorithms;

/// <summary>Losses over the whole vocabulary, a chunk of tokens at a time.</summary>
public sealed class TokenChunksTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData("gpt2")]                                           // the output matrix is the token embedding
    [InlineData("llama")]
    public void Sum_InChunks_GivesTheLossAndTheGradientsOfTheWhole(string family)
    {
        var model = TinyModel.Of(family);
        model.SetTrainable(true);
        var (whole, parts) = (Compute(1 << 22), Compute(TinyModel.Vocabulary * 3));
        Numeric.Close(whole.Loss, parts.Loss, "loss", 1e-6, 1e-6);
        Numeric.Close(whole.Values, parts.Values, "values", 1e-6, 1e-6);
        Assert.Equal(whole.Gradients.Count, parts.Gradients.Count);
        foreach (var (name, gradient) in whole.Gradients)
            Numeric.Close(gradient, parts.Gradients[name], name, 1e-5, 1e-4);

        (double Loss, double[] Values, Dictionary<string, double[]> Gradients) Compute(long elements)
        {
            var hidden = model.HiddenStates(TensorBatch.Padded([[5, 6, 7, 8, 9], [10, 11]], TinyModel.Pad, Device.Cpu)).Reshape(10, -1);
            var chunks = new TokenChunks([.. model.Parameters]) { Elements = elements };
            var (sum, values) = chunks.Sum(hidden, TinyModel.Vocabulary, (part, from, to) => Terms(model, part, from));
            (sum / 7).Backward();
            var gradients = model.NamedParameters().Where(parameter => parameter.Value.Value.Grad is not null).ToDictionary(
                parameter => parameter.Name, parameter => Doubles(parameter.Value.Value.Grad!), StringComparer.Ordinal);
            foreach (var parameter in model.Parameters)
                parameter.Value.Grad = null;
            return (sum.Detach().Item(), Doubles(values[0]), gradients);
        }
    }

    [Fact]
    public void Sum_WithoutGradients_GivesTheLossOnly()
    {
        var model = TinyModel.Gpt2();
        model.SetTrainable(true);
        using var noGrad = Autograd.NoGrad();
        var hidden = Tensor.Full([10, 32], 0.5);
        var (sum, _) = new TokenChunks([.. model.Parameters]) { Elements = 64 }.Sum(hidden, TinyModel.Vocabulary,
            (part, from, to) => Terms(model, part, from));
        Assert.False(sum.RequiresGrad);
    }

    static double[] Doubles(Tensor tensor) => tensor.To(DType.Float64).ToArray<double>();

    /// <summary>A loss and a number of each token, which depend on where the token is.</summary>
    static Tensor[] Terms(LanguageModel model, Tensor hidden, long from)
    {
        var logprobs = model.Logits(hidden).LogSoftmax(-1);
        var weights = Tensor.Arange(from, from + hidden.Size(0), DType.Float32) + 1;
        var own = logprobs.Select(1, 3);
        return [own * weights, own * 2];
    }
}
