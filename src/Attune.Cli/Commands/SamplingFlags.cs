using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Attune.Generation;

namespace Attune.Cli.Commands;

/// <summary>The options of <c>attune generate</c> that say how tokens are chosen.</summary>
static class SamplingFlags
{
    static readonly Option<int> MaxNewTokens = new("--max-new-tokens")
    {
        Description = "The most tokens of an answer", DefaultValueFactory = _ => 128,
    };
    static readonly Option<int> MinNewTokens = new("--min-new-tokens") { Description = "The fewest tokens before an answer may end" };
    static readonly Option<double> Temperature = NumberOption.Create("--temperature", "Divides the logits; 0 takes the likeliest token", 1);
    static readonly Option<int> TopK = new("--top-k") { Description = "Only the k likeliest tokens; 0 for all" };
    static readonly Option<double> TopP = NumberOption.Create("--top-p", "Only the likeliest tokens that reach this probability", 1);
    static readonly Option<double> MinP = NumberOption.Create("--min-p", "Only tokens of this share of the likeliest's probability", 0);
    static readonly Option<double> TypicalP = NumberOption.Create("--typical-p", "Only typical tokens that reach this probability", 1);
    static readonly Option<double> TopH = NumberOption.Create("--top-h", "Only the likeliest tokens up to this share of the entropy", 0);
    static readonly Option<double> EpsilonCutoff = NumberOption.Create("--epsilon-cutoff", "Only tokens of at least this probability", 0);
    static readonly Option<double> EtaCutoff = NumberOption.Create("--eta-cutoff", "The same, lower where the entropy is high", 0);
    static readonly Option<double> RepetitionPenalty = NumberOption.Create(
        "--repetition-penalty", "Above 1 makes tokens of prompt and answer less likely", 1);
    static readonly Option<double> FrequencyPenalty = NumberOption.Create(
        "--frequency-penalty", "Subtracted from a token's logit for each time that the answer has it", 0);
    static readonly Option<double> PresencePenalty = NumberOption.Create(
        "--presence-penalty", "Subtracted from a token's logit where the answer has it", 0);
    static readonly Option<int> NoRepeat = new("--no-repeat-ngram-size") { Description = "No n-gram of this size comes twice; 0 is off" };
    static readonly Option<string[]> BadWords = new("--bad-word")
    {
        HelpName = "text", Description = "A text that never comes; may be repeated",
    };
    static readonly Option<SequenceBias[]> Biases = new("--sequence-bias")
    {
        HelpName = "text=number",
        Description = "Makes a text likelier, or less likely below 0; may be repeated",
        CustomParser = result => [.. result.Tokens.Select(token => ParseBias(result, token.Value))],
    };
    static readonly Option<int[]> Suppress = Ids("--suppress-tokens", "Token ids that never come, as 3,17");
    static readonly Option<int[]> BeginSuppress = Ids("--begin-suppress-tokens", "Token ids that no answer begins with");
    static readonly Option<int?> ForcedBos = new("--forced-bos-token-id")
    {
        HelpName = "id", Description = "The token that every answer begins with",
    };
    static readonly Option<int?> ForcedEos = new("--forced-eos-token-id")
    {
        HelpName = "id", Description = "The last token of an answer of --max-new-tokens",
    };
    static readonly Option<LengthDecay> Decay = new("--exponential-decay-length-penalty")
    {
        HelpName = "start,factor",
        Description = "The end becomes likelier by the factor with each token after the start",
        CustomParser = ParseDecay,
    };
    static readonly Option<double> GuidanceScale = NumberOption.Create("--guidance-scale", "Above 1: away from the negative prompt", 1);
    static readonly Option<string?> NegativePrompt = new("--negative-prompt")
    {
        HelpName = "text", Description = "A prompt whose answers --guidance-scale moves away from",
    };
    static readonly Option<bool> RemoveInvalid = new("--remove-invalid-values") { Description = "Replace NaN and infinite logits" };
    static readonly Option<bool> Renormalize = new("--renormalize-logits") { Description = "Normalise the scores of --beams again" };

    public static IEnumerable<Option> All =>
    [
        MaxNewTokens, MinNewTokens, Temperature, TopK, TopP, MinP, TypicalP, TopH, EpsilonCutoff, EtaCutoff,
        RepetitionPenalty, FrequencyPenalty, PresencePenalty, NoRepeat, BadWords, Biases, Suppress, BeginSuppress,
        ForcedBos, ForcedEos, Decay, GuidanceScale, NegativePrompt, RemoveInvalid, Renormalize,
    ];

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
        BadWords = parsed.GetValue(BadWords) ?? [],
        SequenceBias = parsed.GetValue(Biases) ?? [],
        SuppressTokens = parsed.GetValue(Suppress) ?? [],
        BeginSuppressTokens = parsed.GetValue(BeginSuppress) ?? [],
        ForcedBosTokenId = parsed.GetValue(ForcedBos),
        ForcedEosTokenId = parsed.GetValue(ForcedEos),
        ExponentialDecayLengthPenalty = parsed.GetValue(Decay) ?? new(),
        GuidanceScale = parsed.GetValue(GuidanceScale),
        NegativePrompt = parsed.GetValue(NegativePrompt)?.Replace("\\n", "\n", StringComparison.Ordinal) ?? "",
        RemoveInvalidValues = parsed.GetValue(RemoveInvalid),
        RenormalizeLogits = parsed.GetValue(Renormalize),
    };

    static Option<int[]> Ids(string name, string description) => new(name)
    {
        HelpName = "ids",
        Description = description,
        CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(',')).Select(text => ParseId(result, name, text))],
    };

    static int ParseId(ArgumentResult result, string name, string text)
    {
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id))
            result.AddError($"{name}: token ids with commas between them were expected, found '{text}'");
        return id;
    }

    static SequenceBias ParseBias(ArgumentResult result, string text)
    {
        var split = text.LastIndexOf('=');
        if (split < 1 || !TryParseNumber(text[(split + 1)..], out var bias))
        {
            result.AddError($"--sequence-bias: TEXT=NUMBER was expected, found '{text}'");
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
        result.AddError($"--exponential-decay-length-penalty: START,FACTOR was expected, as 20,1.05, found '{text}'");
        return new();
    }

    static bool TryParseNumber(string text, out double number) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);
}
