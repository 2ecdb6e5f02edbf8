namespace Attune.Data;

/// <summary>Makes demonstrations of one side of comparisons.</summary>
static class PairSides
{
    /// <summary>The best or the worst response with its prompt.</summary>
    /// <exception cref="InvalidDataException">The example is not a comparison, or does not say which response is the best.</exception>
    public static Example Take(Example example, PairSide side, OptionSyntax syntax) => example switch
    {
        ComparisonExample pair => Response(example, Index(example, pair.Comparisons, side, syntax)),
        ChatComparisonExample chat => Response(example, Index(example, chat.Comparisons, side, syntax)),
        _ => throw new InvalidDataException(
            $"{example.Origin}: {syntax.Side} needs {DataUses.Describe(DataUse.Comparisons)}; "
            + $"these are {DataUses.Name(DataUses.Of(example))}"),
    };

    /// <summary>A compared response with its prompt.</summary>
    public static Example Response(Example example, int index) => example is ChatComparisonExample chat
        ? new ChatExample(chat.Origin, [.. chat.Prompt.Messages, .. chat.Completions[index]], chat.Prompt.Messages.Count)
        {
            Context = chat.Prompt with { Messages = [] },
        }
        : new Demonstration(example.Origin, ((ComparisonExample)example).Prompt, ((ComparisonExample)example).Completions[index]);

    /// <summary>The first response with the lowest or the highest rank; of a pair without ranks, the side that it names.</summary>
    static int Index(Example example, ComparisonSet comparisons, PairSide side, OptionSyntax syntax) => comparisons.Extreme(side)
        ?? (comparisons.Comparisons is [var pair]
            ? side == PairSide.Chosen ? pair.Chosen : pair.Rejected
            : throw new InvalidDataException(
                $"{example.Origin}: {syntax.Side} needs one pair or ranks, which say which response is the best; `pairs` do not"));
}
