using System.Diagnostics.CodeAnalysis;
using Attune.Data;
using Attune.Generation;
using Attune.Models;
using Attune.Models.Adapters;
using Attune.Models.Backbones;
using Attune.Text;
using Attune.Torch;
using Attune.Torch.Distributed;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Parameters;

namespace Attune.Training.Policies;

/// <summary>What a policy computes for given responses, with a graph to its parameters.</summary>
/// <param name="Logprobs">(B, T)</param>
/// <param name="Values">(B, T), or null without a critic.</param>
/// <param name="Entropy">(B, T) nats, or null when it was not requested.</param>
public sealed record Analysis(Tensor Logprobs, Tensor? Values, Tensor? Entropy)
{
    /// <summary>(B, T): KL of the whole distribution from the reference's before each token, where it was requested.</summary>
    public Tensor? FullKl { get; init; }

    /// <summary>
    /// (B, T): log Σ p² before each token, the probability that a sampled token is expected to have, where it was requested.
    /// </summary>
    public Tensor? LogExpectedProbability { get; init; }

    /// <summary>(B · T, D): the hidden state that each response token is predicted from; any at padding.</summary>
    public Tensor? States { get; init; }

    internal IEnumerable<Tensor> Tensors =>
        new[] { Logprobs, Values, Entropy, FullKl, LogExpectedProbability, States }.OfType<Tensor>();
}

/// <summary>
/// A language model that acts: its tokens are the actions, the tokens before them are the observation. <see cref="Respond"/> samples
/// responses; <see cref="Analyze"/> computes log-probabilities of responses that are given.
/// </summary>
/// <param name="model">The language model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="sampling">The distribution that is sampled from, and that log-probabilities are under.</param>
/// <param name="filters">Further logits filters, after the penalties: of sampling and of log-probabilities alike; null for none.</param>
public sealed class Policy(
    LanguageModel model, Tokenizer tokenizer, SamplingOptions sampling, IReadOnlyList<ILogitsFilter>? filters = null)
{
    readonly SamplingOptions sampling = sampling.InTokens(model, tokenizer);
    readonly SamplingChain chain = new(
        sampling.InTokens(model, tokenizer), ModelFolder.EosIds(model, tokenizer),
        [.. filters ?? [], .. AdvantageFilter.From(sampling.InTokens(model, tokenizer), model)]);

    public LanguageModel Model => model;

    public Tokenizer Tokenizer => tokenizer;

    /// <summary>Logits filters other than those of the sampling options.</summary>
    public IReadOnlyList<ILogitsFilter> Filters { get; } = filters ?? [];

    /// <summary>Samples responses: this process by default (null), or a server.</summary>
    [AllowNull]
    public ITextGenerator Generator
    {
        get => field ??= new TextGenerator(model, tokenizer.FillId, ModelFolder.EosIds(model, tokenizer))
        {
            FindStopString = StopStrings.Finder(tokenizer, sampling.Stop),
            Filters = filters ?? [],
            Workers = Workers,
        };
        init;
    }

    /// <summary>Share the rows that are sampled in this process; by default as many as an operator has threads.</summary>
    public IWorkers Workers { get; init; } = RankWorkers.On(model.Device, TorchLibrary.Threads);

    /// <summary>Plays episodes of several turns; null where a response is one turn.</summary>
    public IEpisodes? Episodes { get; init; }

    /// <summary>Estimates returns; null without one.</summary>
    public Critic? Critic { get; init; } = model.ValueHead is { } head ? new HeadCritic(head) : null;

    bool AdapterOff { get; init; }

    /// <summary>This policy with another model, and without a critic and the advantage of Q heads.</summary>
    public Policy With(LanguageModel other) =>
        new(other, tokenizer, sampling with { AdvantageBeta = 0 }, filters) { Critic = null, Episodes = Episodes, Workers = Workers };

    /// <summary>This policy, sampled in this process.</summary>
    public Policy InThisProcess() => new(model, tokenizer, sampling, filters) { Critic = Critic, Episodes = Episodes, Workers = Workers };

    /// <summary>This policy with its adapter switched off, and without a critic and the advantage of Q heads.</summary>
    public Policy WithAdapterOff() =>
        new(model, tokenizer, sampling with { AdvantageBeta = 0 }, filters)
        {
            AdapterOff = true, Critic = null, Episodes = Episodes, Workers = Workers,
        };

    /// <summary>This policy with another β of the advantage of Q heads, and without a critic.</summary>
    public Policy WithAdvantage(double beta) =>
        new(model, tokenizer, sampling with { AdvantageBeta = beta }, filters) { Critic = null, Episodes = Episodes, Workers = Workers };

    /// <summary>This policy with the geometric mixture π^(1 − c) π_ref^c as its distribution, and without a critic.</summary>
    public Policy MixedWith(Policy reference, double coef)
    {
        var mixture = new MixtureFilter(reference.Model, coef, tokenizer.FillId, sampling.MaxNewTokens, reference.AdapterOff);
        return new(model, tokenizer, sampling with { AdvantageBeta = 0 }, [.. Filters, mixture])
        {
            Critic = null, Episodes = Episodes, Workers = Workers,
        };
    }

    /// <summary>The prompts of examples in tokens, each with room for a response; those that cannot be used are left out.</summary>
    public IReadOnlyList<TokenPrompt> EncodePrompts(IEnumerable<Example> examples)
    {
        var encoder = tokenizer.NewEncoder(model.Backbone);
        return [.. examples.Select(example => encoder.EncodePrompt(example, sampling.MaxNewTokens)).OfType<TokenPrompt>()];
    }

    /// <summary>
    /// Samples <paramref name="samples"/> responses to each prompt, in neighbouring rows, with log-probabilities and values.
    /// </summary>
    public Rollouts Respond(
        IReadOnlyList<TokenPrompt> prompts, RandomSource random, int samples = 1, CancellationToken cancellation = default)
    {
        using var off = Lora.Disable(AdapterOff);
        return Rollouts.From(prompts, Sample(prompts, sampling, random, samples, cancellation), model.Device);
    }

    /// <summary>The most likely response to each prompt, token by token; draws nothing from the random source.</summary>
    public Rollouts RespondGreedily(IReadOnlyList<TokenPrompt> prompts, RandomSource random)
    {
        using var off = Lora.Disable(AdapterOff);
        return Rollouts.From(prompts, Sample(prompts, sampling with { Temperature = 0 }, random), model.Device);
    }

    /// <summary>
    /// Samples <paramref name="samples"/> responses to each prompt, without gradients and with a random source of its own.
    /// </summary>
    public IReadOnlyList<Response> Sample(
        IReadOnlyList<TokenPrompt> prompts, ulong seed, int samples = 1, CancellationToken cancellation = default)
    {
        using var off = Lora.Disable(AdapterOff);
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        using var random = new RandomSource(seed, model.Device);
        return Sample(prompts, sampling, random, samples, cancellation);
    }

    IReadOnlyList<Response> Sample(
        IReadOnlyList<TokenPrompt> prompts, SamplingOptions options, RandomSource random, int samples = 1,
        CancellationToken cancellation = default) => Episodes is null
        ? Generator.Generate([.. prompts.Select(prompt => prompt.Tokens)], options, random, samples, cancellation)
        : Episodes.Play(prompts, Generator, options, random, samples);

    /// <summary>
    /// Log-probabilities under the distribution that is sampled from, values and entropy at every token of the responses. The output
    /// head is applied to response tokens only.
    /// </summary>
    /// <param name="responses">B responses of at most T tokens.</param>
    /// <param name="withEntropy">Whether the entropy is computed.</param>
    /// <param name="fullKlFrom">(B · T, V) log-probabilities of every token under a reference, to compute the KL from it; null not
    /// to.</param>
    /// <param name="withExpectedProbability">Whether <see cref="Analysis.LogExpectedProbability"/> is computed.</param>
    public Analysis Analyze(
        Responses responses, bool withEntropy = false, Tensor? fullKlFrom = null, bool withExpectedProbability = false)
    {
        using var off = Lora.Disable(AdapterOff);
        using var scope = TensorScope.Open();                     // frees the logits as soon as the backward pass has used them
        var pass = Forward(responses);
        var values = Critic?.Values(pass);                                                          // first: it may share lower layers
        var logits = Logits(pass, responses);                                                       // (B · T, V)
        var mayOverwrite = !withEntropy && fullKlFrom is null && !withExpectedProbability && chain.OnlyScales;
        var analysis = new Analysis(
            Rows(-(mayOverwrite
                ? CrossEntropy.PerTokenInPlace(logits, Targets(responses))
                : CrossEntropy.PerToken(logits, Targets(responses)))),
            values is null ? null : Rows(values),
            withEntropy ? Rows(CrossEntropy.Entropy(logits)) : null)
        {
            FullKl = fullKlFrom is null ? null : Rows(Kl.Full(logits.LogSoftmax(-1), fullKlFrom)),
            LogExpectedProbability = withExpectedProbability ? Rows(CrossEntropy.LogExpectedProbability(logits)) : null,
            States = pass.LastStates,
        };
        foreach (var result in analysis.Tensors)
            scope.MoveToOuterScope(result);
        return analysis;

        Tensor Rows(Tensor flat) => flat.Reshape(responses.Count, -1);                              // (B, T)
    }

    /// <summary>Log-probabilities (B, T) of the tokens of the responses.</summary>
    public Tensor Logprobs(Responses responses) => Analyze(responses).Logprobs;

    /// <summary>Whether responses are sampled from the model's own distribution: at temperature 1, and without any filter.</summary>
    public bool SamplesModel => chain.ChangesNothing;

    /// <summary>Whether no token is removed for being unlikely.</summary>
    public bool IsUntruncated => sampling.IsUntruncated;

    /// <summary>This policy without the truncation of its distribution.</summary>
    public Policy WithoutTruncation() =>
        new(model, tokenizer, sampling.WithoutTruncation(), filters) { Critic = null, Episodes = Episodes, Workers = Workers };

    /// <summary>Log-probabilities (B, T) under the model's own distribution, whatever the sampling options are.</summary>
    public Tensor ModelLogprobs(Responses responses)
    {
        using var off = Lora.Disable(AdapterOff);
        using var scope = TensorScope.Open();
        var logits = model.Logits(Forward(responses).LastStates);                                   // (B · T, V)
        return scope.MoveToOuterScope((-CrossEntropy.PerToken(logits, Targets(responses))).Reshape(responses.Count, -1));
    }

    /// <summary>Log-probabilities (B) of whole responses: the sum over their tokens.</summary>
    public Tensor SequenceLogprobs(Responses responses) => Logprobs(responses).MaskedFill(!responses.Mask, 0).Sum(1);

    /// <summary>(B · T, V) log-probabilities of every token that could have been sampled in the place of each response token.</summary>
    public Tensor Distribution(Responses responses)
    {
        using var off = Lora.Disable(AdapterOff);
        return Logits(Forward(responses), responses).LogSoftmax(-1);
    }

    /// <summary>(N, D): the hidden states that the N tokens of the responses are predicted from, with a graph to the parameters.</summary>
    public Tensor States(Responses responses)
    {
        using var off = Lora.Disable(AdapterOff);
        return Forward(responses).LastStates.IndexSelect(0, responses.TokenIndices);
    }

    /// <summary>(N, D) hidden states → (N, V) logits of the model, whatever the sampling options are.</summary>
    public Tensor LogitsOf(Tensor states)
    {
        using var off = Lora.Disable(AdapterOff);
        return model.Logits(states);
    }

    /// <summary>The critic's estimates (B, T) before each response token, with a graph to the critic's parameters only.</summary>
    public Tensor Values(Responses responses) =>
        Critic!.Values(Forward(responses, withGradient: false)).Reshape(responses.Count, -1);

    /// <summary>The layer below which neither policy nor critic is trained; null when even the lowest is.</summary>
    public int? FrozenLayer => model.Backbone is Decoder { FrozenLayers: > 0 and var frozen }
        ? Math.Min(frozen, Critic?.BranchLayer ?? frozen)
        : null;

    /// <summary>Hidden states (B, W, D) of prompts and responses below a layer.</summary>
    public Tensor StatesBelow(int layer, Responses responses) => ((Decoder)model.Backbone).ForwardTo(layer, Texts(responses));

    /// <summary>Responses with the hidden states below the layers that are trained, which policy and reference then share.</summary>
    public Responses WithFrozenActivations(Responses responses)
    {
        if (FrozenLayer is not { } layer)
            return responses;
        using var noGrad = Autograd.NoGrad();
        return responses with { FrozenActivations = new(layer, StatesBelow(layer, responses)) };
    }

    ForwardPass Forward(Responses responses, bool withGradient = true)
    {
        var input = Texts(responses) with { FirstOutputColumn = responses.Prompts.Min(prompt => Prefix(prompt).Length) - 1 };
        return new(model, input, Positions(responses, (int)input.Tokens.Size(1)), responses.FrozenActivations, withGradient);
    }

    ModelInput Texts(Responses responses)
    {
        int[][] texts = [.. responses.Prompts.Zip(responses.Tokens, (prompt, response) => (int[])[.. Prefix(prompt), .. response])];
        return model.Backbone.StartToken is null
            ? TensorBatch.Padded(texts, tokenizer.FillId, model.Device)
            : TensorBatch.Padded(texts, [.. responses.Prompts.Select(prompt => prompt.Tokens)], tokenizer.FillId, model.Device);
    }

    /// <summary>The prefix of the decoder's input: the prompt, or an encoder–decoder's start token.</summary>
    int[] Prefix(TokenPrompt prompt) => model.Backbone.StartToken is { } start ? [start] : prompt.Tokens;

    /// <summary>
    /// The sampler's logits (B · T, V): with penalties and temperature, and −∞ for tokens that filters remove, except for the tokens that
    /// were
    /// sampled. So the first ratio is 1 with all sampling options, and a token that has left the nucleus since still has a gradient.
    /// </summary>
    Tensor Logits(ForwardPass pass, Responses responses)
    {
        var context = new LogitsContext(chain.NeedsHistory ? Histories(responses) : [], pass.LastStates) { LogitsOf = pass.LogitsOf };
        return chain.Apply(model.Logits(pass.LastStates), context, Targets(responses));
    }

    /// <summary>The tokens before each response token: B · T histories; the whole response at padding.</summary>
    IReadOnlyList<TokenHistory> Histories(Responses responses)
    {
        var length = (int)responses.Mask.Size(1);
        var histories = new List<TokenHistory>(responses.Count * length);
        foreach (var (row, (prompt, response)) in responses.Prompts.Zip(responses.Tokens).Index())
        {
            var history = new TokenHistory(prompt.Tokens, Prefix(prompt));
            for (var t = 0; t < length; t++)
            {
                if (t > 0 && t < response.Length && responses.IsLearned(row, t) && !responses.IsLearned(row, t - 1))
                    history = NewTurn([.. prompt.Tokens, .. response[..t]]);
                histories.Add(history);
                if (t < response.Length)
                    history = history.With(response[t]);
            }
        }
        return histories;

        static TokenHistory NewTurn(int[] before) => new(before, before);
    }

    /// <summary>
    /// (B · T): the position in the flattened (B · W) from which each response token is predicted; any position at padding.
    /// </summary>
    Tensor Positions(Responses responses, int columns)
    {
        var length = (int)responses.Mask.Size(1);
        var positions = new long[responses.Count * length];
        for (var row = 0; row < responses.Count; row++)
            for (var t = 0; t < length; t++)
                positions[row * length + t] = row * columns + Math.Min(Prefix(responses.Prompts[row]).Length - 1 + t, columns - 1);
        return TensorBatch.Longs(positions, model.Device);
    }

    /// <summary>(B · T) token ids, any token at padding.</summary>
    Tensor Targets(Responses responses) => TensorBatch.Longs(PaddedRows.From(responses.Tokens, tokenizer.FillId).Tokens, model.Device);
}
