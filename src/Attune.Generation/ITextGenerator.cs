using Attune.Torch;

namespace Attune.Generation;

/// <summary>Samples responses to prompts: a model in this process, or a server.</summary>
public interface ITextGenerator
{
    /// <summary>Responses to every prompt, <paramref name="samples"/> each, those of one prompt side by side.</summary>
    IReadOnlyList<Completion> Generate(
        IReadOnlyList<int[]> prompts, SamplingOptions options, RandomSource random, int samples = 1, CancellationToken cancellation = default);

    /// <summary>Whether the log-probabilities of the responses are exactly the policy's own.</summary>
    bool ReportsLogprobs => true;

    /// <summary>Called when the policy's weights have changed.</summary>
    void Sync()
    {
    }
}
