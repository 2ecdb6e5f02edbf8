using Attune.Text;

namespace Attune.Data;

/// <summary>What becomes of one example: its tokens, which of them are learned, and what happens to it on the way.</summary>
/// <param name="Example">The example.</param>
/// <param name="Rows">Its texts as a model of unlimited context would read them: one, or one for each ranked answer; none when it is left out.</param>
/// <param name="Notes">What is cut, left out or doubtful, and why.</param>
/// <param name="IsLeftOut">Whether a model of this context reads none of it.</param>
public sealed record InspectedExample(Example Example, IReadOnlyList<TokenRow> Rows, IReadOnlyList<string> Notes, bool IsLeftOut)
{
    /// <summary>Tokens of the longest text.</summary>
    public int Length => Rows.Select(row => row.Length).DefaultIfEmpty(0).Max();
}

/// <summary>Looks at examples one by one, as training reads them.</summary>
/// <param name="tokenizer">It must know an end-of-text token.</param>
/// <param name="context">The most tokens of a text.</param>
/// <param name="tooLong">What happens to longer ones.</param>
/// <param name="startToken">What the decoder of an encoder–decoder begins with; null for other models.</param>
public sealed class ExampleInspector(Tokenizer tokenizer, int context = ExampleInspector.Unlimited, OverlongExamples tooLong = OverlongExamples.Truncate, int? startToken = null)
{
    /// <summary>A context that nothing exceeds.</summary>
    public const int Unlimited = int.MaxValue / 2;

    /// <summary>What becomes of an example. One that would stop training is left out here, with the reason among its notes.</summary>
    public InspectedExample Inspect(Example example)
    {
        try
        {
            var rows = Encode(new(tokenizer, Unlimited, tooLong, startToken), example);
            var encoder = new TextEncoder(tokenizer, context, tooLong, startToken);
            var isLeftOut = Encode(encoder, example).Count == 0;
            return new(example, rows, [.. encoder.NoticeKinds], isLeftOut);
        }
        catch (InvalidDataException error)
        {
            return new(example, [], [$"examples would stop training: {error.Message.Replace($"{example.Origin}: ", "", StringComparison.Ordinal)}"], IsLeftOut: true);
        }
    }

    static List<TokenRow> Encode(TextEncoder encoder, Example example) => example switch
    {
        Document document => [Whole(encoder.EncodeDocument(document.Text))],
        Demonstration demonstration => OrNone(encoder.EncodeDemonstration(demonstration)),
        ChatExample dialogue when dialogue.PromptCount < dialogue.Messages.Count => OrNone(encoder.EncodeChat(dialogue)),
        PromptOnly or ChatExample => encoder.EncodePrompt(example, room: 1) is { } prompt ? [new(prompt.Tokens, new bool[prompt.Tokens.Length])] : [],
        _ => encoder.EncodeComparisons(example) is { } ranking ? [.. ranking.Texts.Select(text => Answered(text, ranking.PromptLength))] : [],
    };

    static List<TokenRow> OrNone(TokenRow? row) => row is null ? [] : [row];

    static TokenRow Whole(int[] tokens) => new(tokens, Array.ConvertAll(tokens, _ => true));

    static TokenRow Answered(int[] text, int promptLength) => new(text, [.. text.Select((_, at) => at >= promptLength)]);
}
