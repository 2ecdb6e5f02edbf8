using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Attune.Generation;

namespace Attune.Cli.Commands;

/// <summary>The sampling options of <c>attune generate</c>; docs/models.md explains them.</summary>
static class SamplingFlags
{
    static readonly Option<int> MaxNewTokens = new("--max-new-tokens")
    {
        Description = "The most tokens of a response", DefaultValueFactory = _ => 128,
    };
    static readonly Option<int> MinNewTokens = new("--min-new-tokens") { Description = "The fewest tokens of a response" };
    static readonly Option<double> Temperature = NumberOption.Create("--temperature", "Divides the logits; 0 is greedy", 1);
    static readonly Option<int> TopK = new("--top-k") { Description = "Keep the k most likely tokens; 0 keeps all" };
    static readonly Option<double> TopP = NumberOption.Create(
        "--top-p", "Keep the most likely tokens whose probabilities add up to this", 1);
    static readonly Option<double> MinP = NumberOption.Create(
        "--min-p", "Keep tokens with at least this share of the most likely token's probability", 0);
    static readonly Option<double> TypicalP = NumberOption.Create(
        "--typical-p", "Keep the most typical tokens whose probabilities add up to this", 1);
    static readonly Option<double> TopH = NumberOption.Create(
        "--top-h", "Keep the most likely tokens up to this share of the entropy; 0 keeps all", 0);
    static readonly Option<double> EpsilonCutoff = NumberOption.Create("--epsilon-cutoff", "Keep tokens with at least this probability", 0);
    static readonly Option<double> EtaCutoff = NumberOption.Create(
        "--eta-cutoff", "Keep tokens above a probability that is lower where the entropy is high", 0);
    static readonly Option<double> RepetitionPenalty = NumberOption.Create(
        "--repetition-penalty", "Above 1 makes tokens of the prompt and the response less likely", 1);
    static readonly Option<double> FrequencyPenalty = NumberOption.Create(
        "--frequency-penalty", "Subtracted from a token's logit for each time it is in the response", 0);
    static readonly Option<double> PresencePenalty = NumberOption.Create(
        "--presence-penalty", "Subtracted from a token's logit if it is in the response", 0);
    static readonly Option<int> NoRepeat = new("--no-repeat-ngram-size") { Description = "No n-gram of this size is repeated; 0 is off" };
    static readonly Option<string[]> Stop = new("--stop")
    {
        HelpName = "TEXT", Description = "A text that ends a response and is not part of it; \\n stands for a new line; may be repeated",
    };
    static readonly Option<string[]> BadWords = new("--bad-word")
    {
        HelpName = "TEXT", Description = "A text that is never generated; may be repeated",
    };
    static readonly Option<SequenceBias[]> Biases = new("--sequence-bias")
    {
        HelpName = "TEXT=NUMBER",
        Description = "Added to the logit of the token that completes the text; may be repeated",
        CustomParser = result => [.. result.Tokens.Select(token => ParseBias(result, token.Value))],
    };
    static readonly Option<int[]> Suppress = Ids("--suppress-tokens", "Token ids that are never generated, such as 3,17");
    static readonly Option<int[]> BeginSuppress = Ids("--begin-suppress-tokens", "Token ids that are never generated first");
    static readonly Option<int?> ForcedBos = new("--forced-bos-token-id")
    {
        HelpName = "ID", Description = "The first token of every response",
    };
    static readonly Option<int?> ForcedEos = new("--forced-eos-token-id")
    {
        HelpName = "ID", Description = "The last token of a response that reaches --max-new-tokens",
    };
    static readonly Option<LengthDecay> Decay = new("--exponential-decay-length-penalty")
    {
        HelpName = "START,FACTOR",
        Description = "Makes EOS more likely by the factor with each token after the start",
        CustomParser = ParseDecay,
    };
    static readonly Option<double> GuidanceScale = NumberOption.Create(
        "--guidance-scale", "Classifier-free guidance, above 1: away from the negative prompt", 1);
    static readonly Option<string?> NegativePrompt = new("--negative-prompt")
    {
        HelpName = "TEXT", Description = "The prompt that --guidance-scale moves away from",
    };
    static readonly Option<double?> AdvantageBeta = new("--advantage-beta")
    {
        HelpName = "NUMBER",
        Description = "β of a model that ILQL trained; 0 generates without its Q heads (default: the model's)",
        CustomParser = result => ParseNumber(result, "--advantage-beta"),
    };
    static readonly Option<bool> RemoveInvalid = new("--remove-invalid-values") { Description = "Replace NaN and infinite logits" };
    static readonly Option<bool> Renormalize = new("--renormalize-logits")
    {
        Description = "Normalise the scores of --beams again after the filters",
    };

    public static IEnumerable<Option> All =>
    [
        MaxNewTokens, MinNewTokens, Temperature, TopK, TopP, MinP, TypicalP, TopH, EpsilonCutoff, EtaCutoff,
        RepetitionPenalty, FrequencyPenalty, PresencePenalty, NoRepeat, Stop, BadWords, Biases, Suppress, BeginSuppress,
        ForcedBos, ForcedEos, Decay, GuidanceScale, NegativePrompt, AdvantageBeta, RemoveInvalid, Renormalize,
    ];

    /// <summary>Whether <c>--max-new-tokens</c> is given.</summary>
    public static bool SetsMaxNewTokens(ParseResult parsed) => parsed.GetResult(MaxNewTokens) is { Implicit: false };

    /// <summary>A text of the command line, in which <c>\n</c> is a new line.</summary>
    public static string? Lines(string? text) => text?.Replace("\\n", "\n", StringComparison.Ordinal);

    public static SamplingOptions Read(ParseResult parsed) => new()
    {
        MaxNewTokens = parsed.GetValue(MaxNewTokens),
        MinNewTokens = parsed.GetValue(MinNewTokens),
        Temperature = parsed.GetValue(Temperature),
        TopK = parsed.GetValue(TopK),
        TopP = parsed.GetValue(TopP),
        MinP = parsed.GetValue(MinP),
        TypicalP = parsed.GetValue(TypicalP),
        TopH = parsed.GetValue(TopH),
        EpsilonCutoff = parsed.GetValue(EpsilonCutoff),
        EtaCutoff = parsed.GetValue(EtaCutoff),
        RepetitionPenalty = parsed.GetValue(RepetitionPenalty),
        FrequencyPenalty = parsed.GetValue(FrequencyPenalty),
        PresencePenalty = parsed.GetValue(PresencePenalty),
        NoRepeatNgramSize = parsed.GetValue(NoRepeat),
        Stop = [.. (parsed.GetValue(Stop) ?? []).Select(text => Lines(text)!)],
        BadWords = parsed.GetValue(BadWords) ?? [],
        SequenceBias = parsed.GetValue(Biases) ?? [],
        SuppressTokens = parsed.GetValue(Suppress) ?? [],
        BeginSuppressTokens = parsed.GetValue(BeginSuppress) ?? [],
        ForcedBosTokenId = parsed.GetValue(ForcedBos),
        ForcedEosTokenId = parsed.GetValue(ForcedEos),
        ExponentialDecayLengthPenalty = parsed.GetValue(Decay) ?? new(),
        GuidanceScale = parsed.GetValue(GuidanceScale),
        NegativePrompt = Lines(parsed.GetValue(NegativePrompt)) ?? "",
        AdvantageBeta = parsed.GetValue(AdvantageBeta),
        RemoveInvalidValues = parsed.GetValue(RemoveInvalid),
        RenormalizeLogits = parsed.GetValue(Renormalize),
    };

    static Option<int[]> Ids(string name, string description) => new(name)
    {
        HelpName = "IDS",
        Description = description,
        CustomParser = result =>
            [.. result.Tokens.SelectMany(token => token.Value.Split(',')).Select(text => ParseId(result, name, text))],
    };

    static int ParseId(ArgumentResult result, string name, string text)
    {
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id))
            result.AddError($"{name} must be token ids separated by commas (was '{text}').");
        return id;
    }

    static SequenceBias ParseBias(ArgumentResult result, string text)
    {
        var split = text.LastIndexOf('=');
        if (split < 1 || !TryParseNumber(text[(split + 1)..], out var bias))
        {
            result.AddError($"--sequence-bias must be TEXT=NUMBER (was '{text}').");
            return new();
        }
        return new() { Text = text[..split], Bias = bias };
    }

    static LengthDecay ParseDecay(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (text.Split(',') is [var start, var factor] && TryParseNumber(factor, out var growth)
            && int.TryParse(start, NumberStyles.None, CultureInfo.InvariantCulture, out var first))
            return new() { Start = first, Factor = growth };
        result.AddError($"--exponential-decay-length-penalty must be START,FACTOR, such as 20,1.05 (was '{text}').");
        return new();
    }

    static double? ParseNumber(ArgumentResult result, string name)
    {
        if (TryParseNumber(result.Tokens[0].Value, out var number))
            return number;
        result.AddError($"{name} must be a number such as 0.5 (was '{result.Tokens[0].Value}').");
        return null;
    }

    static bool TryParseNumber(string text, out double number) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);
}
