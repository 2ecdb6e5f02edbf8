using Attune.Models;
using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Samples answers to prompts, many rows at once over a key–value cache. A prompt is read once, however many answers it gets.
/// Knows token ids only.
/// </summary>
/// <param name="model">The model that answers.</param>
/// <param name="padId">Fills prompts on the left; any token will do, it is masked.</param>
/// <param name="eosId">Ends an answer; null when nothing but the length does.</param>
public sealed class TextGenerator(LanguageModel model, int padId, int? eosId)
{
    /// <summary>The most rows that are sampled at once.</summary>
    public int BatchRows { get; init; } = 128;

    /// <summary>Told of every token as it is drawn; of use where one answer is given.</summary>
    public Action<int>? OnToken { get; init; }

    /// <summary>Answers to every prompt, <paramref name="samples"/> each, those of one prompt side by side.</summary>
    /// <exception cref="InvalidDataException">A prompt is empty, or leaves no room for an answer in the model's context.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public IReadOnlyList<Completion> Generate(
        IReadOnlyList<int[]> prompts, SamplingOptions options, RandomSource random, int samples = 1, CancellationToken cancellation = default)
    {
        var sampler = new Sampler(options, random);
        var completions = new List<Completion>(prompts.Count * samples);
        foreach (var batch in prompts.Chunk(Math.Max(1, BatchRows / samples)))
        {
            using var noGrad = Autograd.NoGrad();
            using var scope = TensorScope.Open();
            completions.AddRange(GenerateBatch(batch, options.MaxNewTokens, sampler, samples, cancellation));
        }
        return completions;
    }

    IEnumerable<Completion> GenerateBatch(int[][] prompts, int maxNewTokens, Sampler sampler, int samples, CancellationToken cancellation)
    {
        var room = RoomFor(prompts, maxNewTokens);
        using var cache = model.Backbone.NewCache(prompts.Length, prompts.Max(prompt => prompt.Length) + room);
        var hidden = ReadPrompts(prompts, cache);                                                   // (N, D)
        if (samples > 1)
        {
            var copies = Tensor.Arange(0, prompts.Length, device: model.Device).RepeatInterleave(samples, 0);
            cache.Select(copies);
            hidden = hidden.IndexSelect(0, copies);                                                 // (B, D), B = N · samples
        }
        var rows = new GenerationRows(prompts, samples, model.Device) { OnToken = OnToken };
        for (var step = 1; rows.AnyLive; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = TensorScope.Open();
            var (tokens, logprobs) = sampler.Draw(model.Logits(hidden).To(DType.Float32));          // (B), (B)
            rows.Record(tokens.ToArray<long>(), logprobs.ToArray<float>(), Values(hidden), eosId);
            if (step == room)
                break;
            if (rows.AnyLive)
                hidden = scope.Keep(ReadTokens(rows, tokens, cache));
        }
        return rows.Completions;
    }

    int RoomFor(int[][] prompts, int maxNewTokens)
    {
        var longest = prompts.Max(prompt => prompt.Length);
        if (prompts.Any(prompt => prompt.Length == 0))
            throw new InvalidDataException("a prompt is empty: a model needs at least one token to go on from");
        var room = (int)Math.Min(maxNewTokens, model.Backbone.ContextLength - longest);
        return room > 0
            ? room
            : throw new InvalidDataException(
                $"a prompt of {longest} tokens leaves no room for an answer in a context of {model.Backbone.ContextLength}; shorten it");
    }

    /// <summary>Reads all prompts at once, padded on the left so that every answer begins in the same column: (N, D) at their ends.</summary>
    Tensor ReadPrompts(int[][] prompts, KvCache cache)
    {
        using var scope = TensorScope.Open();
        var length = prompts.Max(prompt => prompt.Length);
        var tokens = prompts.SelectMany(prompt => Enumerable.Repeat(padId, length - prompt.Length).Concat(prompt)).Select(token => (long)token);
        var mask = prompts.SelectMany(prompt => Enumerable.Range(0, length).Select(column => column >= length - prompt.Length));
        var input = ModelInput.Padded(
            Tensor.From(tokens.ToArray(), prompts.Length, length).To(model.Device),
            Tensor.From(mask.ToArray(), prompts.Length, length).To(model.Device));
        var last = model.Hidden(input, cache).Select(1, -1).Clone();
        cache.Advance(length);
        return scope.Keep(last);
    }

    /// <summary>Reads the token each row drew: the hidden states for the next, (B, D). Ended rows are dropped once they are the half.</summary>
    Tensor ReadTokens(GenerationRows rows, Tensor tokens, KvCache cache)
    {
        if (rows.Compact() is { } kept)
        {
            cache.Select(kept);
            tokens = tokens.IndexSelect(0, kept);
        }
        var input = new ModelInput(tokens.Unsqueeze(1), rows.Mask(cache.Length + 1), rows.Positions());
        var hidden = model.Hidden(input, cache).Select(1, 0);
        cache.Advance(1);
        return hidden;
    }

    float[] Values(Tensor hidden) => model.ValueHead?.Forward(hidden).ToArray<float>() ?? [];
}
