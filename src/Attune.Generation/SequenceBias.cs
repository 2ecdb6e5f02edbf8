using System.ComponentModel.DataAnnotations;

namespace Attune.Generation;

/// <summary>A sequence of tokens that is made likelier or less likely.</summary>
public sealed record SequenceBias : IValidatableObject
{
    /// <summary>The sequence as a text, with the space in front that it has in the middle of a sentence; or name its tokens.</summary>
    public string Text { get; init; } = "";

    /// <summary>The sequence in token ids.</summary>
    public IReadOnlyList<int> Tokens { get; init; } = [];

    /// <summary>Is added to the logit of the last token of the sequence after the others; below 0 makes it less likely.</summary>
    [Range(-1e6, 1e6)]
    public double Bias { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Text.Length > 0 == Tokens.Count > 0)
            yield return new("must be given where tokens is empty, and empty where tokens is given", [nameof(Text)]);
        if (Tokens.Any(id => id < 0))
            yield return new("must have token ids of at least 0", [nameof(Tokens)]);
    }
}
