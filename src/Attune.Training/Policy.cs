using Attune.Data;
using Attune.Generation;
using Attune.Models;
using Attune.Models.Adapters;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Estimation;

namespace Attune.Training;

/// <summary>What a policy thinks of responses now, with a graph behind it.</summary>
/// <param name="Logprobs">(B, T)</param>
/// <param name="Values">(B, T), or null without a value head.</param>
/// <param name="Entropy">(B, T) nats, or null when it was not asked for.</param>
public sealed record Analysis(Tensor Logprobs, Tensor? Values, Tensor? Entropy);

/// <summary>
/// A language model that acts: its tokens are actions, what it has read is the observation. It can <see cref="Respond"/>, and
/// <see cref="Analyze"/> responses again after it has learned.
/// </summary>
public sealed class Policy(LanguageModel model, Tokenizer tokenizer, SamplingOptions sampling)
{
    readonly TextGenerator generator = new(model, tokenizer.FillId, ModelFolder.EndTokens(model, tokenizer));

    public LanguageModel Model => model;

    public Tokenizer Tokenizer => tokenizer;

    bool AdapterOff { get; init; }

    /// <summary>The same with another model.</summary>
    public Policy With(LanguageModel other) => new(other, tokenizer, sampling);

    /// <summary>The same model, analyzed without its adapter.</summary>
    public Policy WithAdapterOff() => new(model, tokenizer, sampling) { AdapterOff = true };

    /// <summary>Samples <paramref name="samples"/> answers to each prompt, side by side, with log-probabilities and values.</summary>
    public Rollouts Respond(IReadOnlyList<TokenPrompt> prompts, RandomSource random, int samples = 1, CancellationToken cancellation = default)
    {
        var completions = generator.Generate([.. prompts.Select(prompt => prompt.Tokens)], sampling, random, samples, cancellation);
        return Rollouts.From([.. prompts.SelectMany(prompt => Enumerable.Repeat(prompt, samples))], completions, model.Device);
    }

    /// <summary>
    /// Log-probabilities under the distribution that is sampled from, values and entropy at every token of the responses. The output
    /// head is applied to responses only.
    /// </summary>
    public Analysis Analyze(Rollouts rollouts, bool withEntropy = false)
    {
        if (!AdapterOff)
            return AnalyzeAsItIs(rollouts, withEntropy);
        using var off = Lora.Off();
        return AnalyzeAsItIs(rollouts, withEntropy);
    }

    Analysis AnalyzeAsItIs(Rollouts rollouts, bool withEntropy)
    {
        var hidden = model.Hidden(Texts(rollouts));                                                 // (B, P + T, D)
        var states = hidden.Reshape(-1, hidden.Size(-1)).IndexSelect(0, StatesBeforeTokens(rollouts, (int)hidden.Size(1)));
        var logits = Scale(model.Logits(states));                                                   // (B · T, V)
        var chosen = -CrossEntropy.PerToken(logits, Tokens(rollouts));                              // (B · T)
        return new(Rows(chosen), model.ValueHead is { } head ? Rows(head.Forward(states)) : null, withEntropy ? Rows(CrossEntropy.Entropy(logits)) : null);

        Tensor Rows(Tensor flat) => flat.Reshape(rollouts.Count, -1);                               // (B, T)
    }

    ModelInput Texts(Rollouts rollouts)
    {
        int[][] texts = [.. rollouts.Prompts.Zip(rollouts.Completions, (prompt, answer) => (int[])[.. Beginning(prompt), .. answer.Tokens])];
        return model.Backbone.StartToken is null
            ? TensorBatch.Padded(texts, tokenizer.FillId, model.Device)
            : TensorBatch.Padded(texts, [.. rollouts.Prompts.Select(prompt => prompt.Tokens)], tokenizer.FillId, model.Device);
    }

    /// <summary>What stands before a response in the text that is gone on with: the prompt, or an encoder–decoder's start token.</summary>
    int[] Beginning(TokenPrompt prompt) => model.Backbone.StartToken is { } start ? [start] : prompt.Tokens;

    /// <summary>The logits as the sampler saw them.</summary>
    Tensor Scale(Tensor logits) => sampling.Temperature is 0 or 1 ? logits : logits * (1 / sampling.Temperature);

    /// <summary>For each cell of (B, T), the column of (B, P + T) that the token was predicted from; any column where there is no token.</summary>
    Tensor StatesBeforeTokens(Rollouts rollouts, int columns)
    {
        var length = (int)rollouts.Mask.Size(1);
        var cells = new long[rollouts.Count * length];
        for (var row = 0; row < rollouts.Count; row++)
            for (var t = 0; t < length; t++)
                cells[row * length + t] = row * columns + Math.Min(Beginning(rollouts.Prompts[row]).Length - 1 + t, columns - 1);
        return TensorBatch.Longs(cells, model.Device);
    }

    Tensor Tokens(Rollouts rollouts)
    {
        var padded = PaddedRows.From([.. rollouts.Completions.Select(completion => completion.Tokens)], tokenizer.FillId);
        return TensorBatch.Longs(padded.Tokens, model.Device);                                      // (B · T)
    }
}
