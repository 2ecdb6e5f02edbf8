using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Text;

namespace Attune.Data;

/// <summary>Writes examples as rows of Attune's own layouts.</summary>
public static class ExampleWriter
{
    /// <summary>The row of an example.</summary>
    public static JsonObject ToJson(Example example) => example switch
    {
        Document document => new() { ["text"] = document.Text },
        PromptOnly prompt => new() { ["prompt"] = prompt.Prompt },
        Demonstration demonstration => new() { ["prompt"] = demonstration.Prompt, ["completion"] = demonstration.Completion },
        ChatExample chat => WithContext(Chat(chat), chat.Context),
        ComparisonExample comparisons => Compared(comparisons.Prompt, [.. comparisons.Completions.Select(text => JsonValue.Create(text))],
            comparisons.Comparisons, comparisons.Reference),
        ChatComparisonExample chat => WithContext(
            Compared(ToJson(chat.Prompt.Messages), [.. chat.Completions.Select(ToJson)], chat.Comparisons,
                chat.Reference is null ? null : ToJson(chat.Reference)), chat.Prompt),
        LabelledExample labelled => Labelled(labelled),
        RewardedExample rewarded => Rewarded(rewarded),
        AlternatingTexts alternating => new() { ["sample"] = Array(alternating.Texts.Select(text => (JsonNode)text)) },
        StepwiseExample stepwise => new()
        {
            ["prompt"] = stepwise.Prompt,
            ["completions"] = Array(stepwise.Steps.Select(step => (JsonNode)step)),
            ["labels"] = Array(stepwise.Labels.Select(label => (JsonNode)label)),
        },
        _ => throw new ArgumentException($"{example.GetType().Name} has no layout", nameof(example)),
    };

    static JsonObject Chat(ChatExample chat) =>
        chat.IsPrompt ? new() { ["prompt"] = ToJson(chat.Messages) }
        : chat.PromptCount == 0 ? new() { ["messages"] = ToJson(chat.Messages) }
        : new()
        {
            ["prompt"] = ToJson(chat.Messages.Take(chat.PromptCount)),
            ["completion"] = ToJson(chat.Messages.Skip(chat.PromptCount)),
        };

    static JsonObject Labelled(LabelledExample labelled)
    {
        var row = ToJson(labelled.Response);
        row["label"] = labelled.Label;
        return row;
    }

    static JsonObject Rewarded(RewardedExample rewarded)
    {
        var row = ToJson(rewarded.Response);
        row["reward"] = rewarded.Rewards is [var reward] ? reward : Array(rewarded.Rewards.Select(each => (JsonNode)each));
        return row;
    }

    static JsonObject WithContext(JsonObject row, Conversation context)
    {
        Add("tools", context.Tools);
        Add("documents", context.Documents);
        Add("chat_template_kwargs", context.Variables);
        return row;

        void Add(string name, JsonElement? value)
        {
            if (value is { } known)
                row[name] = JsonNode.Parse(known.GetRawText());
        }
    }

    static JsonObject Compared(JsonNode prompt, JsonNode[] completions, ComparisonSet comparisons, JsonNode? reference)
    {
        var row = new JsonObject { ["prompt"] = prompt };
        if (comparisons is { ChosenFirst: true, Comparisons: [var pair] })
        {
            (row["chosen"], row["rejected"]) = (completions[pair.Chosen], completions[pair.Rejected]);
            AddDetails(row, pair);
        }
        else if (comparisons.Scores is { } scores)
            (row["responses"], row["scores"]) = (Array(completions), Array(scores.Select(score => (JsonNode)score)));
        else if (comparisons.Ranks is { } ranks)
        {
            (row["completions"], row["ranks"]) = (Array(completions), Array(ranks.Select(rank => (JsonNode?)rank)));
            if (comparisons.Comparisons is [{ Margin: { } margin }, ..])
                row["margin"] = margin;
        }
        else
            (row["completions"], row["pairs"]) = (Array(completions), Array(comparisons.Comparisons.Select(ToJson)));
        if (comparisons.Sources is { } sources)
            row["sources"] = Array(Ordered(sources, comparisons).Select(source => (JsonNode)source));
        if (reference is not null)
            row["reference"] = reference;
        return row;
    }

    /// <summary>A pair is written with the better response first.</summary>
    static IEnumerable<string> Ordered(IReadOnlyList<string> sources, ComparisonSet comparisons) =>
        comparisons is { ChosenFirst: true, Comparisons: [{ Chosen: 1 }] } ? sources.Reverse() : sources;

    static JsonObject ToJson(Comparison pair)
    {
        var row = new JsonObject { ["better"] = pair.Chosen, ["worse"] = pair.Rejected };
        AddDetails(row, pair);
        return row;
    }

    static void AddDetails(JsonObject row, Comparison pair)
    {
        if (pair.Margin is { } margin)
            row["margin"] = margin;
        if (pair.Votes > 0 && (int)Math.Round(pair.Share * pair.Votes) is var better)
            row["votes"] = new JsonArray(better, pair.Votes - better);
        else if (pair.Share < 1)
            row["label"] = pair.Share;
    }

    static JsonArray ToJson(IEnumerable<Message> messages) =>
        Array(messages.Select(message => JsonNode.Parse(message.Fields.GetRawText())));

    static JsonArray Array(IEnumerable<JsonNode?> items) => [.. items];
}
