using Attune.Models;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Evaluation;
using Attune.Training.Parameters;
using Attune.Training.Tests.Rewards;

namespace Attune.Training.Tests.Evaluation;

public sealed class PerplexityTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    readonly TensorScope scope = TensorScope.Open();

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    /// <summary>Log-probabilities of the response's tokens after the prompt, from the logits of each response alone.</summary>
    [Fact]
    public void Measure_SameTokens_IsTheSumOverTheResponse()
    {
        var model = Save(TinyData.Tokenizer);
        var rollouts = Rewarded.Rollouts("The cat says", " meow", " woof woof moo.");
        var measured = new Perplexity(folder.Path, Device.Cpu).Measure(rollouts, TinyData.Tokenizer);
        foreach (var (row, (loss, tokens)) in measured.Index())
        {
            var (prompt, response) = (rollouts.Prompts[row].Tokens, rollouts.Tokens[row]);
            Assert.Equal(response.Length, tokens);
            Numeric.Close(Loss(model, prompt, response), loss, $"response {row}", 1e-4, 1e-5);
        }
    }

    /// <summary>The model has a tokenizer of its own, so that texts are encoded again and end with its EOS.</summary>
    [Fact]
    public void Measure_OtherTokens_EncodesTheTextsAgain()
    {
        var other = TinyData.Tokenizer.WithSpecialTokens(eos: "<end>");
        var model = Save(other);
        var rollouts = Rewarded.Rollouts("The cat says", " meow meow");
        var (loss, tokens) = Assert.Single(new Perplexity(folder.Path, Device.Cpu).Measure(rollouts, TinyData.Tokenizer));
        int[] response = [.. other.Encode(" meow meow"), other.EosId!.Value];
        Assert.Equal(response.Length, tokens);
        Numeric.Close(Loss(model, other.Encode("The cat says"), response), loss, "loss", 1e-4, 1e-5);
    }

    static double Loss(LanguageModel model, int[] prompt, int[] response)
    {
        long[] all = [.. prompt.Concat(response).Select(token => (long)token)];
        var logprobs = model.Logits(model.HiddenStates(new(Tensor.From(all, 1, all.Length)))).LogSoftmax(-1).ToArray<float>();
        var vocabulary = logprobs.Length / all.Length;
        return -response.Select((token, at) => (double)logprobs[(prompt.Length + at - 1) * vocabulary + token]).Sum();
    }

    LanguageModel Save(Tokenizer tokenizer)
    {
        using var random = new RandomSource(1);
        var shape = new ModelShape { Family = "gpt2", Layers = 1, Width = 32, Heads = 2, Context = 48 };
        var model = Pretrained.NewLanguageModel(
            shape.ToConfig(tokenizer.VocabularySize, tokenizer.BosId, tokenizer.EosId, tokenizer.PadId), random);
        ModelFolder.Save(folder.Path, model, tokenizer);
        return model;
    }
}
