namespace Attune.Data;

/// <summary>Makes demonstrations of one side of comparisons.</summary>
static class PairSides
{
    /// <summary>The best or the worst response with its prompt.</summary>
    /// <exception cref="InvalidDataException">The example is not a comparison, or does not say which response is the best.</exception>
    public static Example Take(Example example, PairSide side, OptionSyntax syntax) => example switch
    {
        ComparisonExample pair =>
            new Demonstration(example.Origin, pair.Prompt, pair.Completions[Index(example, pair.Comparisons, side, syntax)]),
        ChatComparisonExample chat => Dialogue(chat, Index(example, chat.Comparisons, side, syntax)),
        _ => throw new InvalidDataException(
            $"{example.Origin}: {syntax.Side} needs {DataUses.Describe(DataUse.Comparisons)}; "
            + $"these are {DataUses.Name(DataUses.Of(example))}"),
    };

    static ChatExample Dialogue(ChatComparisonExample chat, int response) =>
        new(chat.Origin, [.. chat.Prompt.Messages, .. chat.Completions[response]], chat.Prompt.Messages.Count)
        {
            Context = chat.Prompt with { Messages = [] },
        };

    /// <summary>The first response with the lowest or the highest rank; of a pair without ranks, the side that it names.</summary>
    static int Index(Example example, ComparisonSet comparisons, PairSide side, OptionSyntax syntax)
    {
        if (comparisons.Ranks is { } ranks && ranks.Any(rank => rank is not null))
        {
            var wanted = side == PairSide.Chosen ? ranks.Min() : ranks.Max();
            return ranks.Index().First(rank => rank.Item == wanted).Index;
        }
        return comparisons.Comparisons is [var pair]
            ? side == PairSide.Chosen ? pair.Chosen : pair.Rejected
            : throw new InvalidDataException(
                $"{example.Origin}: {syntax.Side} needs one pair or ranks, which say which response is the best; `pairs` do not");
    }
}
