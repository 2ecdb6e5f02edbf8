namespace Attune.Data;

/// <summary>Converts examples to another layout where the meaning allows it.</summary>
public static class LayoutConversion
{
    /// <summary>The names of the layouts that examples can be converted to.</summary>
    public static IReadOnlyList<string> Targets { get; } = ["pairs", "rankings", "demonstrations", "labels", "rewards", "prompts"];

    /// <summary>
    /// The examples that an example becomes: one, several (a pair for each comparison), or none (a bad response is no demonstration).
    /// </summary>
    /// <param name="example">The example.</param>
    /// <param name="layout">One of <see cref="Targets"/>.</param>
    /// <exception cref="InvalidDataException">The example cannot be written in the layout; the message says why.</exception>
    public static IEnumerable<Example> To(Example example, string layout)
    {
        var set = Comparisons(example);
        IEnumerable<Example> converted = (layout, example) switch
        {
            ("pairs", _) when set is not null => set.Comparisons.Select(pair => Pair(example, pair, set.Sources)),
            ("rankings", _) when set is { Ranks: not null } => [Ranking(example, set)],
            ("demonstrations", LabelledExample labelled) => labelled.Label ? [labelled.Response] : [],
            ("demonstrations", _) when set is not null => [PairSides.Take(example, PairSide.Chosen, OptionSyntax.CommandLine)],
            ("demonstrations", Demonstration or ChatExample { IsPrompt: false }) => [example],
            ("labels", LabelledExample) or ("rewards", RewardedExample) => [example],
            ("labels", _) when set is not null => Labels(example, set),
            ("rewards", _) when set is not null => ComparisonRewards.Of(example),
            ("prompts", _) when Prompt(example) is { } prompt => [prompt],
            _ => throw new InvalidDataException(
                $"{example.Origin}: {DataUses.Name(DataUses.Of(example))} cannot be written as {layout}{Reason(layout, set)}"),
        };
        return converted.Select(each => each with { Row = example.Row });
    }

    static string Reason(string layout, ComparisonSet? set) =>
        layout == "rankings" && set is not null ? ": `pairs` do not give each response a rank" : "";

    static ComparisonSet? Comparisons(Example example) => example switch
    {
        ComparisonExample texts => texts.Comparisons,
        ChatComparisonExample chat => chat.Comparisons,
        _ => null,
    };

    static Example Pair(Example example, Comparison pair, IReadOnlyList<string>? sources)
    {
        var only = new ComparisonSet([pair with { Chosen = 0, Rejected = 1 }])
        {
            Ranks = pair.Share == 0.5 ? null : [0, 1],
            Sources = sources is null ? null : [sources[pair.Chosen], sources[pair.Rejected]],
            ChosenFirst = true,
        };
        if (example is ChatComparisonExample chat)
            return chat with { Completions = [chat.Completions[pair.Chosen], chat.Completions[pair.Rejected]], Comparisons = only };
        var texts = (ComparisonExample)example;
        return texts with { Completions = [texts.Completions[pair.Chosen], texts.Completions[pair.Rejected]], Comparisons = only };
    }

    /// <exception cref="InvalidDataException">The comparisons have votes, which a ranking does not have.</exception>
    static Example Ranking(Example example, ComparisonSet set)
    {
        if (set.Comparisons.Any(pair => pair.Votes > 0 || pair.Share < 1))
            throw new InvalidDataException($"{example.Origin}: `votes` and `label` cannot be written as rankings; use --layout pairs");
        var ranked = set with { ChosenFirst = false, Scores = null };
        return example is ChatComparisonExample chat
            ? chat with { Comparisons = ranked }
            : (ComparisonExample)example with { Comparisons = ranked };
    }

    /// <summary>Responses that are chosen and never rejected are good; those that are rejected and never chosen are bad.</summary>
    static IEnumerable<Example> Labels(Example example, ComparisonSet set)
    {
        var chosen = set.Comparisons.Select(pair => pair.Chosen).ToHashSet();
        var rejected = set.Comparisons.Select(pair => pair.Rejected).ToHashSet();
        return chosen.Except(rejected).Order().Concat(rejected.Except(chosen).Order()).Select(at =>
            new LabelledExample(example.Origin, PairSides.Response(example, at), chosen.Contains(at)));
    }

    static Example? Prompt(Example example) => example switch
    {
        PromptOnly or ChatExample { IsPrompt: true } => example,
        Demonstration texts => new PromptOnly(texts.Origin, texts.Prompt),
        ChatExample { PromptCount: > 0 } chat => chat with { Messages = [.. chat.Messages.Take(chat.PromptCount)] },
        ComparisonExample texts => new PromptOnly(texts.Origin, texts.Prompt),
        ChatComparisonExample chat => new ChatExample(chat.Origin, chat.Prompt.Messages, chat.Prompt.Messages.Count)
        {
            Context = chat.Prompt with { Messages = [] },
        },
        LabelledExample labelled => Prompt(labelled.Response),
        RewardedExample rewarded => Prompt(rewarded.Response),
        StepwiseExample steps => new PromptOnly(steps.Origin, steps.Prompt),
        _ => null,
    };
}
