using System.ComponentModel.DataAnnotations;

namespace Attune.Generation;

/// <summary>A sequence of tokens that is made more or less likely.</summary>
public sealed record SequenceBias : IValidatableObject
{
    /// <summary>The sequence as a text, with the space in front that it has within a sentence; or set its tokens.</summary>
    public string Text { get; init; } = "";

    /// <summary>The sequence in token ids.</summary>
    public IReadOnlyList<int> Tokens { get; init; } = [];

    /// <summary>Added to the logit of the sequence's last token after the others; below 0 makes the sequence less likely.</summary>
    [Range(-1e6, 1e6)]
    public double Bias { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Text.Length > 0 == Tokens.Count > 0)
            yield return new("must be set when tokens is empty, and empty when tokens is set", [nameof(Text)]);
        if (Tokens.Any(id => id < 0))
            yield return new("must have token ids of at least 0", [nameof(Tokens)]);
    }
}
