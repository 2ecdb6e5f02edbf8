using Attune.Text;

namespace Attune.Data;

/// <summary>How training reads an example: its tokens, its loss mask, and what is cut or left out.</summary>
/// <param name="Example">The example.</param>
/// <param name="Rows">Its texts as a model with an unlimited context reads them: one, or one for each compared response; none when it is
/// left out.</param>
/// <param name="Notes">What is cut, left out or doubtful, and why.</param>
/// <param name="IsLeftOut">Whether training leaves it out.</param>
public sealed record InspectedExample(Example Example, IReadOnlyList<TokenRow> Rows, IReadOnlyList<string> Notes, bool IsLeftOut)
{
    /// <summary>The number of tokens of the longest text.</summary>
    public int Length => Rows.Select(row => row.Length).DefaultIfEmpty(0).Max();
}

/// <summary>Shows examples one by one as training reads them.</summary>
/// <param name="tokenizer">The tokenizer; it must have an end-of-sequence token.</param>
/// <param name="context">The most tokens of a text.</param>
/// <param name="tooLong">What to do with longer texts.</param>
/// <param name="startToken">The start token of an encoder–decoder's decoder; null for other models.</param>
public sealed class ExampleInspector(Tokenizer tokenizer, int context = ExampleInspector.Unlimited,
    OverlongExamples tooLong = OverlongExamples.Truncate, int? startToken = null)
{
    readonly Tokenizer tokenizer = tokenizer.WithTemplateTime(DateTime.Now);

    /// <inheritdoc cref="TextEncoder.Embeddings"/>
    public long Embeddings { get; init; } = long.MaxValue;

    /// <summary>A context length that no text exceeds.</summary>
    public const int Unlimited = int.MaxValue / 2;

    /// <summary>Encodes an example. An example that would stop training is marked as left out, with the reason in its notes.</summary>
    public InspectedExample Inspect(Example example)
    {
        try
        {
            var rows = Encode(NewEncoder(Unlimited), example);
            var encoder = NewEncoder(context);
            var isLeftOut = Encode(encoder, example).Count == 0;
            return new(example, rows, [.. encoder.NoticeKinds], isLeftOut);
        }
        catch (InvalidDataException error)
        {
            return new(example, [],
                [$"examples would stop training: {error.Message.Replace($"{example.Origin}: ", "", StringComparison.Ordinal)}"],
                IsLeftOut: true);
        }
    }

    TextEncoder NewEncoder(int length) => new(tokenizer, length, tooLong, startToken) { Embeddings = Embeddings };

    static List<TokenRow> Encode(TextEncoder encoder, Example example) => example switch
    {
        Document document => [Whole(encoder.EncodeDocument(document.Text))],
        Demonstration demonstration => OrNone(encoder.EncodeDemonstration(demonstration)),
        ChatExample dialogue when dialogue.PromptCount < dialogue.Messages.Count => OrNone(encoder.EncodeChat(dialogue)),
        PromptOnly or ChatExample =>
            encoder.EncodePrompt(example, room: 1) is { } prompt ? [new(prompt.Tokens, new bool[prompt.Tokens.Length])] : [],
        _ => encoder.EncodeComparisons(example) is { } ranking ? [.. ranking.Texts.Select(text => Answered(text, ranking.PromptLength))]
            : [],
    };

    static List<TokenRow> OrNone(TokenRow? row) => row is null ? [] : [row];

    static TokenRow Whole(int[] tokens) => new(tokens, Array.ConvertAll(tokens, _ => true));

    static TokenRow Answered(int[] text, int promptLength) => new(text, [.. text.Select((_, at) => at >= promptLength)]);
}
