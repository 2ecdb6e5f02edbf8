using Attune.Models;
using Attune.Models.Heads;
using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// The policy of ILQL: log-probabilities plus β (Q − V), where Q is the smaller of the target heads. It precedes temperature and top-k, as
/// in trlX. Snell et al. 2022, section 4.3, https://arxiv.org/abs/2206.11871
/// </summary>
/// <param name="heads">The heads of the model that generates.</param>
/// <param name="beta">β</param>
public sealed class AdvantageFilter(IlqlHeads heads, double beta) : ILogitsFilter
{
    /// <summary>log π + β (Q − V)</summary>
    /// <param name="logits">(B, V)</param>
    /// <param name="q">(B, V)</param>
    /// <param name="value">(B)</param>
    /// <param name="beta">β</param>
    public static Tensor Shift(Tensor logits, Tensor q, Tensor value, double beta) =>
        logits.LogSoftmax(-1) + (q - value.Unsqueeze(-1)) * beta;

    /// <summary>
    /// The options with the β and the top-k that the model was saved with, where they set none of their own. β is 0 for a model without Q
    /// heads.
    /// </summary>
    /// <exception cref="InvalidDataException">The options have a β, but the model has no Q heads.</exception>
    public static SamplingOptions Resolve(SamplingOptions options, LanguageModel model)
    {
        var beta = options.AdvantageBeta ?? model.Advantage?.Beta ?? 0;
        if (beta != 0 && IlqlHeads.Of(model) is null)
            throw new InvalidDataException(
                $"advantageBeta must be 0 or left out (was {beta}): the model has no Q heads; `attune ilql` trains a model with them");
        return options with
        {
            AdvantageBeta = beta,
            TopK = beta != 0 && options.TopK == 0 ? model.Advantage?.TopK ?? 0 : options.TopK,
        };
    }

    /// <summary>The filter of resolved options, if they have one.</summary>
    public static IReadOnlyList<ILogitsFilter> From(SamplingOptions options, LanguageModel model) =>
        options.AdvantageBeta is { } beta and not 0 ? [new AdvantageFilter(IlqlHeads.Of(model)!, beta)] : [];

    /// <exception cref="InvalidOperationException">The hidden states are not available.</exception>
    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        var hidden = context.HiddenStates ?? throw new InvalidOperationException("the advantage needs the hidden states of the model");
        return Shift(logits, heads.MinTargetQ(hidden), heads.Value.Forward(hidden), beta);
    }
}
