using Attune.Generation;
using Attune.Testing.Models;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Environments;

namespace Attune.Training.Tests.Environments;

/// <summary>A generator whose turns are a function of the text before them; a turn that ends with … is cut off.</summary>
sealed class ScriptedPolicy(Tokenizer tokenizer, Func<string, string> write) : ITextGenerator
{
    /// <summary>The texts that turns were asked for.</summary>
    public List<string> Read { get; } = [];

    public IReadOnlyList<Response> Generate(
        IReadOnlyList<int[]> prompts, SamplingOptions options, RandomSource random, int samples = 1,
        CancellationToken cancellation = default) =>
        [.. prompts.SelectMany(prompt => Enumerable.Range(0, samples).Select(_ => Turn(prompt)))];

    Response Turn(int[] prompt)
    {
        var before = tokenizer.Decode(prompt);
        Read.Add(before);
        var text = write(before);
        var cut = text.EndsWith('…');
        int[] tokens = [.. tokenizer.Encode(text.TrimEnd('…')), .. cut ? [] : new[] { tokenizer.EosId!.Value }];
        return new(tokens, Enumerable.Repeat(-1f, tokens.Length).ToArray(), [], Ended: !cut);
    }
}

/// <summary>An environment that is a function.</summary>
sealed class FunctionEnvironment(Func<Episode, Reply> reply) : IEnvironment
{
    public bool IsDisposed { get; private set; }

    public Task<IReadOnlyList<Reply>> ReplyAsync(IReadOnlyList<Episode> episodes, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<Reply>>([.. episodes.Select(reply)]);

    public void Dispose() => IsDisposed = true;
}

static class Episodes
{
    public static Tokenizer Tokenizer => TinyData.Tokenizer;

    /// <summary>Plays one episode after a prompt that is a text.</summary>
    public static EpisodeResponse Play(
        Func<string, string> write, Func<Episode, Reply> reply, EpisodeOptions? options = null, string prompt = "The cat")
    {
        using var player = new EpisodePlayer(
            new FunctionEnvironment(reply), new(Tokenizer, [Tokenizer.EosId!.Value]), options ?? new() { MaxTokens = 64 });
        using var random = new RandomSource(1);
        return (EpisodeResponse)player.Play(
            [new(Tokenizer.Encode(prompt), prompt)], new ScriptedPolicy(Tokenizer, write), new() { MaxNewTokens = 8 }, random,
            samples: 1)[0];
    }
}
