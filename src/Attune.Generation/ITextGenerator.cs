using Attune.Torch;

namespace Attune.Generation;

/// <summary>Samples answers to prompts: the model in this process, or a server that has its weights.</summary>
public interface ITextGenerator
{
    /// <summary>Whether the log-probabilities of completions are the policy's own; otherwise the policy computes them itself.</summary>
    bool ReportsLogprobs => true;

    /// <summary>Answers to every prompt, <paramref name="samples"/> each, those of one prompt side by side.</summary>
    /// <param name="prompts">In tokens.</param>
    /// <param name="options">How tokens are chosen; its texts must have become tokens, by <see cref="SamplingOptions.WithTokens"/>.</param>
    /// <param name="random">Draws.</param>
    /// <param name="samples">Answers to each prompt.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="InvalidDataException">A prompt is empty, or leaves no room for an answer in the model's context.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    IReadOnlyList<Response> Generate(
        IReadOnlyList<int[]> prompts, SamplingOptions options, RandomSource random, int samples = 1,
        CancellationToken cancellation = default);

    /// <summary>The policy's weights have changed: a generator that has a copy of them takes the new ones.</summary>
    void Sync()
    {
    }
}
