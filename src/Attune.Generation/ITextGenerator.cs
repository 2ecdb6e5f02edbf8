using Attune.Torch;

namespace Attune.Generation;

/// <summary>Samples responses to prompts: from the model in this process, or from a server that has its weights.</summary>
public interface ITextGenerator
{
    /// <summary>Whether the log-probabilities of responses are the policy's own; otherwise the policy computes them.</summary>
    bool ReportsLogprobs => true;

    /// <summary>How often <see cref="Sync"/> was called: the version of the weights that responses are sampled with from now on.</summary>
    int WeightVersion => 0;

    /// <summary>
    /// Samples responses to every prompt, <paramref name="samples"/> for each. Responses to the same prompt are adjacent.
    /// </summary>
    /// <param name="prompts">Token ids.</param>
    /// <param name="options">Settings of sampling. Texts in them must be tokens: see <see cref="SamplingOptions.WithTokens"/>.</param>
    /// <param name="random">Draws the tokens.</param>
    /// <param name="samples">Responses for each prompt.</param>
    /// <param name="cancellation">Cancels generation.</param>
    /// <exception cref="InvalidDataException">A prompt is empty, or so long that no response fits into the context.</exception>
    /// <exception cref="OperationCanceledException">Generation was cancelled.</exception>
    IReadOnlyList<Response> Generate(
        IReadOnlyList<int[]> prompts, SamplingOptions options, RandomSource random, int samples = 1,
        CancellationToken cancellation = default);

    /// <summary>Called when the policy's weights have changed; a generator with a copy of them takes the new ones.</summary>
    void Sync()
    {
    }
}
