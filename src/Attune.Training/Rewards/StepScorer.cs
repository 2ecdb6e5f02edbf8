using Attune.Data;
using Attune.Models;
using Attune.Text;
using Attune.Torch;
using Attune.Torch.Distributed;
using Attune.Training.Batches;
using Attune.Training.Parameters;

namespace Attune.Training.Rewards;

/// <summary>A response in steps.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Steps">The steps without separators, at least one.</param>
public sealed record ResponseSteps(string Prompt, IReadOnlyList<string> Steps);

/// <summary>Steps that a process reward model scored.</summary>
/// <param name="Probabilities">The probability that each step is right.</param>
/// <param name="Length">The tokens of the steps, with their separators.</param>
public sealed record ScoredSteps(double[] Probabilities, int Length);

/// <summary>
/// The probability that each step of a response is right, by a process reward model. Prompt and steps are encoded as in its training: each
/// by itself, and every step with its separator, also the last.
/// </summary>
/// <param name="model">The process reward model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
public sealed class StepScorer(RewardModel model, Tokenizer tokenizer)
{
    readonly TextEncoder encoder = tokenizer.NewSequenceEncoder(model.Backbone);

    /// <summary>The text that ends a step.</summary>
    public string Separator { get; } = model.StepSeparator
        ?? throw new ArgumentException("the model scores whole responses", nameof(model));

    /// <summary>How many batches are scored in parallel on a CPU, each on one thread.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>The probabilities of the steps of each response. A prompt that is too long loses its beginning.</summary>
    /// <exception cref="InvalidDataException">The steps of a response alone are longer than the context.</exception>
    public ScoredSteps[] Score(IReadOnlyList<ResponseSteps> responses)
    {
        TokenSteps[] texts = [.. responses.Select(response => encoder.EncodeSteps(response.Prompt, response.Steps, Separator))];
        return LengthBatches.Map(texts, text => text.Tokens.Length, RankWorkers.On(model.Device, Workers), ScoreTogether);
    }

    ScoredSteps[] ScoreTogether(TokenSteps[] texts)
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        var input = TensorBatch.Padded([.. texts.Select(text => text.Tokens)], tokenizer.FillId, model.Device);
        var columns = (int)input.Tokens.Size(1);
        var right = model.StepLogits(input).Softmax(-1).Select(-1, 1).ToArray<float>();                  // (B · T)
        return [.. texts.Select((text, row) => new ScoredSteps(
            Array.ConvertAll(text.Ends, end => (double)right[row * columns + end]), text.Tokens.Length - text.PromptLength))];
    }
}
