using System.ComponentModel.DataAnnotations;

namespace Attune.Data;

/// <summary>Options of masked language modelling.</summary>
public sealed record MaskingOptions : IValidatableObject
{
    /// <summary>The share of tokens that are selected for prediction.</summary>
    [Range(0d, 1d, MinimumIsExclusive = true)]
    public double Probability { get; init; } = 0.15;

    /// <summary>The share of selected tokens that are replaced by the mask token.</summary>
    [Range(0d, 1d)]
    public double Masked { get; init; } = 0.8;

    /// <summary>The share of selected tokens that are replaced by a random token; the rest stay unchanged.</summary>
    [Range(0d, 1d)]
    public double Random { get; init; } = 0.1;

    /// <summary>Whether the tokens of a word are selected together.</summary>
    public bool WholeWords { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Masked + Random > 1 + 1e-9)
            yield return new($"must be at most 1 - masked, {1 - Masked}: the two shares must add up to at most 1", [nameof(Random)]);
    }
}

/// <summary>What replaces a token.</summary>
public enum TokenMasking
{
    /// <summary>Nothing; the token is not predicted.</summary>
    NotMasked,

    /// <summary>The mask token.</summary>
    Mask,

    /// <summary>A random token.</summary>
    Random,

    /// <summary>The token itself, which is predicted.</summary>
    Unchanged,
}

/// <summary>A row with masked tokens.</summary>
/// <param name="Input">The row that the model reads; its loss mask selects the tokens to predict.</param>
/// <param name="Labels">The original tokens.</param>
public sealed record MaskedRow(TokenRow Input, int[] Labels)
{
    /// <summary>How many tokens are predicted.</summary>
    public int TargetCount => Input.LossMask.Count(guessed => guessed);
}

/// <summary>
/// Masks tokens as BERT does: most selected tokens become the mask token, some a random token, some stay unchanged. Devlin et al. 2019,
/// section 3.1, https://arxiv.org/abs/1810.04805; masks are drawn again for each visit, as in Liu et al. 2019, section 4.1,
/// https://arxiv.org/abs/1907.11692. Departures: (1) each token, or each word, is selected independently, so the share holds on average;
/// (2) a row in which nothing would be selected gets one selected token.
/// </summary>
/// <param name="options">How much is masked, and how.</param>
/// <param name="maskId">The mask token.</param>
/// <param name="isSpecial">For each token of the vocabulary, whether it is never masked.</param>
/// <param name="continuesWord">For each token of the vocabulary, whether it continues the word of the token before it.</param>
public sealed class Masking(MaskingOptions options, int maskId, bool[] isSpecial, bool[] continuesWord)
{
    /// <summary>Masks a row for its <paramref name="number"/>th visit; all draws depend only on seed and number.</summary>
    public MaskedRow Mask(TokenRow row, int seed, long number)
    {
        var random = new Random(SplitMix.Next(seed, number));
        var maskings = Draw(Words(row.Tokens), row.Tokens.Length, random);
        return Apply(row, maskings,
            Array.ConvertAll(maskings, masking => masking == TokenMasking.Random ? random.Next(isSpecial.Length) : 0), maskId);
    }

    /// <summary>Masks a row as given.</summary>
    /// <param name="row">The original row.</param>
    /// <param name="maskings">The replacement of each token.</param>
    /// <param name="randomTokens">For each token, the random token that may replace it.</param>
    /// <param name="maskId">The mask token.</param>
    public static MaskedRow Apply(TokenRow row, TokenMasking[] maskings, int[] randomTokens, int maskId)
    {
        int[] tokens = [.. row.Tokens.Select((token, at) =>
            maskings[at] switch { TokenMasking.Mask => maskId, TokenMasking.Random => randomTokens[at], _ => token })];
        return new(row with { Tokens = tokens, LossMask = Array.ConvertAll(maskings, masking => masking != TokenMasking.NotMasked) },
            row.Tokens);
    }

    TokenMasking[] Draw(List<Range> words, int length, Random random)
    {
        var maskings = new TokenMasking[length];
        var hidden = words.Where(_ => random.NextDouble() < options.Probability).ToList();
        if (hidden.Count == 0 && words.Count > 0)
            hidden.Add(words[random.Next(words.Count)]);
        foreach (var word in hidden)
            foreach (ref var masking in maskings.AsSpan(word))
                masking = Draw(random.NextDouble());
        return maskings;
    }

    TokenMasking Draw(double uniform) =>
        uniform < options.Masked ? TokenMasking.Mask : uniform < options.Masked + options.Random ? TokenMasking.Random
            : TokenMasking.Unchanged;

    /// <summary>Groups of tokens that are selected together: words, or single tokens; special tokens are excluded.</summary>
    List<Range> Words(int[] tokens)
    {
        var words = new List<Range>();
        for (var at = 0; at < tokens.Length; at++)
        {
            if (isSpecial[tokens[at]])
                continue;
            if (options.WholeWords && continuesWord[tokens[at]] && words.Count > 0 && words[^1].End.Value == at)
                words[^1] = words[^1].Start..(at + 1);
            else
                words.Add(at..(at + 1));
        }
        return words;
    }
}
