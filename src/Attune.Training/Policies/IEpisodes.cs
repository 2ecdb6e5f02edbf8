using Attune.Data;
using Attune.Generation;
using Attune.Torch;

namespace Attune.Training.Policies;

/// <summary>Samples episodes of several turns in place of single responses.</summary>
public interface IEpisodes
{
    /// <summary>Plays <paramref name="samples"/> episodes for each prompt, those of a prompt adjacent.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="generator">Samples turns.</param>
    /// <param name="sampling">How turns are sampled.</param>
    /// <param name="random">Draws tokens, and the seeds of episodes.</param>
    /// <param name="samples">Episodes for each prompt.</param>
    /// <exception cref="InvalidDataException">The environment failed, or a reply cannot be encoded.</exception>
    IReadOnlyList<Response> Play(
        IReadOnlyList<TokenPrompt> prompts, ITextGenerator generator, SamplingOptions sampling, RandomSource random, int samples);
}
