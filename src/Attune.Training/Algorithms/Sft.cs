using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Models;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Estimation;
using Attune.Training.Offline;

namespace Attune.Training.Algorithms;

/// <summary>Losses of fine-tuning.</summary>
public enum SftLoss
{
    /// <summary>−log p of each token.</summary>
    Nll,

    /// <summary>Dynamic fine-tuning: weighted by p, so that unlikely targets have smaller gradients.</summary>
    Dft,
}

/// <summary>Options of supervised fine-tuning.</summary>
public sealed record SftOptions : IValidatableObject
{
    /// <summary>nll (cross-entropy) or dft (dynamic fine-tuning).</summary>
    public SftLoss Loss { get; init; } = SftLoss.Nll;

    /// <summary>Label smoothing: the probability that is spread over all tokens of the vocabulary (nll only); 0 for none.</summary>
    [Range(0d, 1d, MaximumIsExclusive = true)]
    public double LabelSmoothing { get; init; }

    /// <summary>
    /// The size α of the noise on token embeddings in training (NEFTune), such as 5; 0 for none.
    /// </summary>
    [Range(0d, double.PositiveInfinity)]
    public double NeftuneNoiseAlpha { get; init; }

    /// <summary>
    /// Whether several demonstrations share a row of the context length, so that less of a batch is padding. They do not attend to each
    /// other. training.batchSize then counts rows.
    /// </summary>
    public bool Packing { get; init; }

    /// <summary>Whether the model's dropout is applied in training.</summary>
    public bool Dropout { get; init; } = true;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Loss != SftLoss.Nll && LabelSmoothing > 0)
            yield return new("must be 0 where loss is dft", [nameof(LabelSmoothing)]);
    }
}

/// <summary>
/// Supervised fine-tuning on demonstrations: predict the tokens of a response, and the end-of-sequence token after it, from the prompt.
/// Ouyang et al. 2022, section 3.5, https://arxiv.org/abs/2203.02155
/// </summary>
public static class Sft
{
    public static IObjective<TokenRow> Objective(LanguageModel model, Tokenizer tokenizer, SftOptions options, int seed)
    {
        var noise = options.NeftuneNoiseAlpha == 0 ? null : new Neftune(options.NeftuneNoiseAlpha, seed, model.Backbone.Width);
        return new NextToken(model, tokenizer, PerToken(options))
        {
            Augment = noise is null ? null : noise.Mark,
            ChangeInput = noise is null ? null : noise.AddTo,
        };
    }

    /// <summary>
    /// The loss of each token: (N, V) logits, which it may overwrite, and (N) targets → (N) losses, and (N) 1 where the target is the
    /// likeliest token.
    /// </summary>
    public static Func<Tensor, Tensor, (Tensor Losses, Tensor IsCorrect)> PerToken(SftOptions options) => options.Loss == SftLoss.Dft
        ? CrossEntropy.Dynamic
        : (logits, targets) => CrossEntropy.Smoothed(logits, targets, options.LabelSmoothing);

    /// <summary>Demonstrations and conversations in tokens, without those that were dropped.</summary>
    /// <exception cref="InvalidDataException">An example is neither of them.</exception>
    public static IReadOnlyList<TokenRow> Encode(IEnumerable<Example> examples, TextEncoder encoder) =>
        [.. examples.Select(example => Encode(example, encoder)).OfType<TokenRow>()];

    /// <summary>A demonstration or a conversation in tokens; null when it was dropped.</summary>
    /// <exception cref="InvalidDataException">The example is neither of them.</exception>
    public static TokenRow? Encode(Example example, TextEncoder encoder) => example switch
    {
        Demonstration demonstration => encoder.EncodeDemonstration(demonstration),
        ChatExample chat => encoder.EncodeChat(chat),
        _ => throw new InvalidDataException($"{example.Origin}: fine-tuning needs `prompt` and `completion`, or `messages`"),
    };
}
