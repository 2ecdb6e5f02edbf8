using System.ComponentModel.DataAnnotations;

namespace Attune.Data;

/// <summary>What masked language modelling hides.</summary>
public sealed record MaskingOptions : IValidatableObject
{
    /// <summary>The share of a text that is hidden and to be guessed.</summary>
    [Range(0d, 1d, MinimumIsExclusive = true)]
    public double Probability { get; init; } = 0.15;

    /// <summary>The share of what is hidden that shows the mask token.</summary>
    [Range(0d, 1d)]
    public double Masked { get; init; } = 0.8;

    /// <summary>The share of what is hidden that shows a random token; the rest shows itself.</summary>
    [Range(0d, 1d)]
    public double Random { get; init; } = 0.1;

    /// <summary>Whether the tokens of a word are hidden together.</summary>
    public bool WholeWords { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Masked + Random > 1 + 1e-9)
            yield return new($"must be at most 1 - masked, {1 - Masked}: the two shares add up to at most 1", [nameof(Random)]);
    }
}

/// <summary>What is shown in the place of a token.</summary>
public enum TokenMasking
{
    /// <summary>The token, which is not to be guessed.</summary>
    NotMasked,

    /// <summary>The mask token.</summary>
    Mask,

    /// <summary>A random token.</summary>
    Random,

    /// <summary>The token itself, though it is to be guessed.</summary>
    Unchanged,
}

/// <summary>A row of which some tokens are to be guessed.</summary>
/// <param name="Input">The row as a model reads it; learned are the tokens that are to be guessed.</param>
/// <param name="Labels">The tokens that stood there.</param>
public sealed record MaskedRow(TokenRow Input, int[] Labels)
{
    /// <summary>How many tokens are to be guessed.</summary>
    public int TargetCount => Input.LossMask.Count(guessed => guessed);
}

/// <summary>
/// Hides tokens of a row as BERT does: most behind the mask token, some behind a random one, some not at all. Devlin et al. 2019,
/// section 3.1, https://arxiv.org/abs/1810.04805; drawn anew each time a row is seen, as in Liu et al. 2019, section 4.1,
/// https://arxiv.org/abs/1907.11692. Departures: (1) each token, or each word, is drawn on its own, so that the share holds on average;
/// (2) a row of which nothing would be hidden hides one.
/// </summary>
/// <param name="options">How much is hidden, and how.</param>
/// <param name="maskId">The mask token.</param>
/// <param name="isSpecial">For each token of the vocabulary, whether it is never hidden.</param>
/// <param name="continuesWord">For each token of the vocabulary, whether it goes on with the word of the token before it.</param>
public sealed class Masking(MaskingOptions options, int maskId, bool[] isSpecial, bool[] continuesWord)
{
    /// <summary>The row as it looks the <paramref name="number"/>th time; seed and number decide every draw.</summary>
    public MaskedRow Mask(TokenRow row, int seed, long number)
    {
        var random = new Random(SplitMix.Next(seed, number));
        var fates = Draw(Words(row.Tokens), row.Tokens.Length, random);
        return Apply(row, fates, Array.ConvertAll(fates, fate => fate == TokenMasking.Random ? random.Next(isSpecial.Length) : 0), maskId);
    }

    /// <summary>A row of which each token is shown as was decided.</summary>
    /// <param name="row">The row as it was written.</param>
    /// <param name="fates">For each token.</param>
    /// <param name="randomTokens">For each token, what stands there where that is random.</param>
    /// <param name="maskId">The mask token.</param>
    public static MaskedRow Apply(TokenRow row, TokenMasking[] fates, int[] randomTokens, int maskId)
    {
        int[] tokens = [.. row.Tokens.Select((token, at) => fates[at] switch { TokenMasking.Mask => maskId, TokenMasking.Random => randomTokens[at], _ => token })];
        return new(row with { Tokens = tokens, LossMask = Array.ConvertAll(fates, fate => fate != TokenMasking.NotMasked) }, row.Tokens);
    }

    TokenMasking[] Draw(List<Range> words, int length, Random random)
    {
        var fates = new TokenMasking[length];
        var hidden = words.Where(_ => random.NextDouble() < options.Probability).ToList();
        if (hidden.Count == 0 && words.Count > 0)
            hidden.Add(words[random.Next(words.Count)]);
        foreach (var word in hidden)
            foreach (ref var fate in fates.AsSpan(word))
                fate = Draw(random.NextDouble());
        return fates;
    }

    TokenMasking Draw(double uniform) =>
        uniform < options.Masked ? TokenMasking.Mask : uniform < options.Masked + options.Random ? TokenMasking.Random : TokenMasking.Unchanged;

    /// <summary>What is hidden together: words, or single tokens; without special tokens.</summary>
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
