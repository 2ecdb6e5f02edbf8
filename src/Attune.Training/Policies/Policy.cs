using Attune.Data;
using Attune.Generation;
using Attune.Models;
using Attune.Models.Adapters;
using Attune.Models.Backbones;
using Attune.Models.Heads;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Parameters;

namespace Attune.Training.Policies;

/// <summary>What a policy thinks of responses now, with a graph behind it.</summary>
/// <param name="Logprobs">(B, T)</param>
/// <param name="Values">(B, T), or null without a critic.</param>
/// <param name="Entropy">(B, T) nats, or null when it was not asked for.</param>
public sealed record Analysis(Tensor Logprobs, Tensor? Values, Tensor? Entropy)
{
    /// <summary>(B, T): KL of the whole distribution from the reference's before each token, where it was asked for.</summary>
    public Tensor? FullKl { get; init; }
}

/// <summary>
/// A language model that acts: its tokens are actions, what it has read is the observation. It can <see cref="Respond"/>, and
/// <see cref="Analyze"/> responses again after it has learned.
/// </summary>
public sealed class Policy(LanguageModel model, Tokenizer tokenizer, SamplingOptions sampling)
{
    readonly TextGenerator generator = new(model, tokenizer.FillId, ModelFolder.EndTokens(model, tokenizer)) { StopOf = StopStrings.Finder(tokenizer, sampling.Stop) };
    readonly IReadOnlyList<ILogitsFilter> penalties = sampling.Penalties(ModelFolder.EndTokens(model, tokenizer));
    readonly IReadOnlyList<ILogitsFilter> shaping = sampling.Shaping();

    public LanguageModel Model => model;

    public Tokenizer Tokenizer => tokenizer;

    /// <summary>Estimates returns; null when nobody does.</summary>
    public Critic? Critic { get; init; } = model.ValueHead is { } head ? new HeadCritic(head) : null;

    bool AdapterOff { get; init; }

    /// <summary>The same with another model, and without a critic.</summary>
    public Policy With(LanguageModel other) => new(other, tokenizer, sampling) { Critic = null };

    /// <summary>The same model, analyzed without its adapter and without a critic.</summary>
    public Policy WithAdapterOff() => new(model, tokenizer, sampling) { AdapterOff = true, Critic = null };

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
    /// <param name="rollouts">B responses of at most T tokens.</param>
    /// <param name="withEntropy">Whether the entropy is asked for.</param>
    /// <param name="fullKlFrom">(B · T, V) log-probabilities of every token under a reference, for the KL from it.</param>
    public Analysis Analyze(Rollouts rollouts, bool withEntropy = false, Tensor? fullKlFrom = null)
    {
        using var off = Lora.Off(AdapterOff);
        var reading = Read(rollouts);
        var logits = Sampled(reading, rollouts);                                                    // (B · T, V)
        var logitsAreDone = !withEntropy && fullKlFrom is null && penalties.Count == 0 && sampling.IsUntruncated;
        return new(
            Rows(-(logitsAreDone ? CrossEntropy.PerTokenInPlace(logits, Tokens(rollouts)) : CrossEntropy.PerToken(logits, Tokens(rollouts)))),
            Critic is null ? null : Rows(Critic.Values(reading)),
            withEntropy ? Rows(CrossEntropy.Entropy(logits)) : null)
        {
            FullKl = fullKlFrom is null ? null : Rows(Kl.Full(logits.LogSoftmax(-1), fullKlFrom)),
        };

        Tensor Rows(Tensor flat) => flat.Reshape(rollouts.Count, -1);                               // (B, T)
    }

    /// <summary>(B · T, V) log-probabilities of every token that could have been sampled in the place of each that was.</summary>
    public Tensor Distribution(Rollouts rollouts)
    {
        using var off = Lora.Off(AdapterOff);
        return Sampled(Read(rollouts), rollouts).LogSoftmax(-1);
    }

    /// <summary>The critic's estimates (B, T) before each token of the responses, with a graph that ends at the policy.</summary>
    public Tensor Values(Rollouts rollouts)
    {
        Reading reading;
        using (Autograd.NoGrad())
            reading = Read(rollouts, withStates: Critic!.ReadsAlong);
        return Critic!.Values(reading).Reshape(rollouts.Count, -1);
    }

    /// <summary>The layer beneath which nothing learns, neither policy nor critic; null when something does.</summary>
    public int? TrunkLayer => model.Backbone is Decoder { FrozenLayers: > 0 and var frozen } ? Math.Min(frozen, Critic?.Layer ?? frozen) : null;

    /// <summary>Hidden states (B, W, D) of prompts and responses beneath a layer.</summary>
    public Tensor ReadTrunk(Rollouts rollouts, int layer)
    {
        using var precision = Autocast.To(model.Backbone.Autocast, model.Device);
        return ((Decoder)model.Backbone).Beneath(layer, Texts(rollouts));
    }

    Reading Read(Rollouts rollouts, bool withStates = true)
    {
        var input = Texts(rollouts) with { FirstWanted = rollouts.Prompts.Min(prompt => Beginning(prompt).Length) - 1 };
        var beneath = Beneath(input, rollouts.Trunk);
        var cells = StatesBeforeTokens(rollouts, (int)input.Tokens.Size(1));                        // of (B, P + T)
        return new(input, cells, beneath, withStates ? Reading.Pick(Hidden(input, rollouts.Trunk, beneath), input, cells) : null);
    }

    /// <summary>Hidden states where the critic branches off; null when it does not.</summary>
    Tensor? Beneath(ModelInput input, Trunk? trunk)
    {
        if (Critic?.Layer is not { } branch)
            return null;
        var decoder = (Decoder)model.Backbone;
        using var precision = Autocast.To(decoder.Autocast, model.Device);
        return trunk is null ? decoder.Beneath(branch, input) : decoder.Between(trunk.Layer, branch, trunk.Hidden, input);
    }

    /// <summary>The last hidden states, from the farthest that has been read on.</summary>
    Tensor Hidden(ModelInput input, Trunk? trunk, Tensor? beneath)
    {
        if (trunk is null && beneath is null)
            return model.Hidden(input);
        var decoder = (Decoder)model.Backbone;
        using var precision = Autocast.To(decoder.Autocast, model.Device);
        return beneath is null ? decoder.Above(trunk!.Layer, trunk.Hidden, input) : decoder.Above(Critic!.Layer!.Value, beneath, input);
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

    /// <summary>
    /// The logits as the sampler sees them (B · T, V): penalised, tempered, and −∞ where it would not draw, save for the tokens that
    /// were drawn. So the first ratio is 1 under every setting, and a token that has since left the nucleus can still be learned from.
    /// </summary>
    Tensor Sampled(Reading reading, Rollouts rollouts)
    {
        var logits = model.Logits(reading.States!);
        var rows = penalties.Count == 0 ? [] : Histories(rollouts);
        foreach (var filter in penalties)
            logits = filter.Apply(logits, rows);
        if (sampling.IsUntruncated)
            return sampling.Temperature is 0 or 1 ? logits : logits * (1 / sampling.Temperature);
        var tokens = Tokens(rollouts).Unsqueeze(1);                                                 // (B · T, 1)
        var tempered = logits.Gather(1, tokens) * (1 / sampling.Temperature);
        foreach (var filter in shaping)
            logits = filter.Apply(logits, rows);
        var kept = logits.Gather(1, tokens);
        Tensor[] places = [Tensor.Arange(0, tokens.Size(0), device: model.Device), tokens.Squeeze(1)];
        return logits.Put(Tensor.Where(kept.IsFinite(), kept, tempered).Squeeze(1), places);
    }

    /// <summary>What stood before each cell of (B, T); all of a response where there is no token.</summary>
    IReadOnlyList<TokenHistory> Histories(Rollouts rollouts)
    {
        var length = (int)rollouts.Mask.Size(1);
        var histories = new List<TokenHistory>(rollouts.Count * length);
        for (var row = 0; row < rollouts.Count; row++)
        {
            var history = new TokenHistory(rollouts.Prompts[row].Tokens, Beginning(rollouts.Prompts[row]));
            var answer = rollouts.Completions[row].Tokens;
            for (var t = 0; t < length; t++)
            {
                histories.Add(history);
                if (t < answer.Length)
                    history = history.With(answer[t]);
            }
        }
        return histories;
    }

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
