namespace Attune.Text;

/// <summary>A span of text that a pattern matched, or one between two matches.</summary>
readonly record struct Stretch(int Start, int End, bool IsMatch);

/// <summary>Finds matches in well-formed text.</summary>
interface IPattern
{
    /// <summary>Adds the matches and the spans between them, from the start of the text to its end.</summary>
    void Divide(ReadOnlySpan<char> text, List<Stretch> output);
}

/// <summary>The supported patterns.</summary>
static class Patterns
{
    /// <summary>A pattern field of a tokenizer.json: <c>{"Regex": …}</c> or <c>{"String": …}</c>.</summary>
    public static IPattern Read(JsonField field)
    {
        if (field.Optional("String") is { } text)
            return new LiteralPattern(text.Text());
        if (field.Optional("Regex") is not { } regex)
            throw field.Wrong("an object with 'Regex' or 'String'");
        try
        {
            return FromRegex(regex.Text());
        }
        catch (InvalidDataException e)
        {
            throw regex.Invalid(e.Message);
        }
    }

    /// <summary>The hand-written matcher for a pattern with this exact source, or else the general one.</summary>
    public static IPattern FromRegex(string regex) => regex switch
    {
        Gpt2Pattern.Source => new Gpt2Pattern(),
        Cl100kPattern.Llama3Source => new Cl100kPattern(digits: 3),
        Cl100kPattern.Qwen2Source => new Cl100kPattern(digits: 1),
        _ => new RegexPattern(regex),
    };
}
