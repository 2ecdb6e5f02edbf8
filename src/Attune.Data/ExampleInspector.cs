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

/// <summary>Shows examples one by one as a method reads them.</summary>
public sealed class ExampleInspector
{
    /// <summary>The beginning of the note of an example that would stop training.</summary>
    public const string Stop = "examples would stop training: ";

    /// <summary>A context length that no text exceeds.</summary>
    public const int Unlimited = int.MaxValue / 2;

    readonly DataUse use;
    readonly int room;
    readonly TextEncoder whole;
    readonly TextEncoder limited;

    /// <param name="tokenizer">The tokenizer; it must have an end-of-sequence token.</param>
    /// <param name="context">The most tokens of a text.</param>
    /// <param name="tooLong">What to do with longer texts.</param>
    /// <param name="startToken">The start token of an encoder–decoder's decoder; null for other models.</param>
    /// <param name="use">What the method learns from; <see cref="DataUse.Any"/> for what the layout is made for.</param>
    /// <param name="room">The tokens that a prompt leaves for a response.</param>
    /// <param name="embeddings">How many tokens the model has embeddings for.</param>
    public ExampleInspector(Tokenizer tokenizer, int context = Unlimited, OverlongExamples tooLong = OverlongExamples.Truncate,
        int? startToken = null, DataUse use = DataUse.Any, int room = 1, long embeddings = long.MaxValue)
    {
        (this.use, this.room) = (use, room);
        var timed = tokenizer.WithTemplateTime(DateTime.Now);
        whole = new(timed, Unlimited, tooLong, startToken) { Embeddings = embeddings };
        limited = new(timed, context, tooLong, startToken) { Embeddings = embeddings };
    }

    /// <summary>What was cut or left out so far, as a run reports it.</summary>
    public IEnumerable<string> Notices => limited.Notices;

    /// <summary>Encodes an example. An example that would stop training is marked as left out, with the reason in its notes.</summary>
    public InspectedExample Inspect(Example example)
    {
        try
        {
            var rows = Encode(whole, example, room: 1);
            var isLeftOut = Encode(limited, example, room).Count == 0;
            return new(example, rows, [.. limited.TakeLatestNotices()], isLeftOut);
        }
        catch (InvalidDataException error)
        {
            return new(example, [],
                [$"{Stop}{error.Message.Replace($"{example.Origin}: ", "", StringComparison.Ordinal)}"],
                IsLeftOut: true);
        }
    }

    List<TokenRow> Encode(TextEncoder encoder, Example example, int room) => use switch
    {
        DataUse.Prompts => Prompt(encoder, example, room),
        DataUse.Demonstrations when room > 1 =>
            EncodeAsMade(encoder, example) is { Count: > 0 } rows && encoder.EncodePrompt(example, room) is not null ? rows : [],
        DataUse.Documents when example is Demonstration => [Whole(encoder.EncodeDocument(Document.From(example)))],
        DataUse.Labels => encoder.EncodeLabels(example) is { } labelled ? Answered(labelled.Texts, labelled.PromptLength) : [],
        DataUse.Rewards => Rewarded(encoder, example),
        DataUse.Triples => Compared(encoder.EncodeComparisons(example, withReference: true)),
        _ => EncodeAsMade(encoder, example),
    };

    static List<TokenRow> EncodeAsMade(TextEncoder encoder, Example example) => example switch
    {
        Document document => [Whole(encoder.EncodeDocument(document))],
        Demonstration demonstration => OrNone(encoder.EncodeDemonstration(demonstration)),
        ChatExample { IsPrompt: false } dialogue => OrNone(encoder.EncodeChat(dialogue)),
        PromptOnly or ChatExample => Prompt(encoder, example, room: 1),
        LabelledExample labelled => EncodeAsMade(encoder, labelled.Response),
        RewardedExample => Rewarded(encoder, example),
        StepwiseExample steps => encoder.EncodeSteps(steps, StepText.DefaultSeparator) is { } text ? [Classified(text)] : [],
        _ => Compared(encoder.EncodeComparisons(example)),
    };

    static List<TokenRow> Rewarded(TextEncoder encoder, Example example) =>
        encoder.EncodeRewards(example) is { } rewards ? [.. rewards.Responses.Select(response => response.Row)] : [];

    static List<TokenRow> Compared(TokenComparisons? example) =>
        example is null ? [] : Answered([.. example.Texts, .. example.Reference is { } gold ? [gold] : (int[][])[]], example.PromptLength);

    static List<TokenRow> Prompt(TextEncoder encoder, Example example, int room) =>
        encoder.EncodePrompt(example, room) is { } prompt ? [new(prompt.Tokens, new bool[prompt.Tokens.Length])] : [];

    static List<TokenRow> OrNone(TokenRow? row) => row is null ? [] : [row];

    static TokenRow Whole(int[] tokens) => new(tokens, Array.ConvertAll(tokens, _ => true));

    static TokenRow Classified(TokenSteps steps) => new(steps.Tokens, [.. steps.Tokens.Select((_, at) => steps.Ends.Contains(at))]);

    static List<TokenRow> Answered(int[][] texts, int promptLength) =>
        [.. texts.Select(text => new TokenRow(text, [.. text.Select((_, at) => at >= promptLength)]))];
}
