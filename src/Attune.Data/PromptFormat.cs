using Attune.Text;

namespace Attune.Data;

/// <summary>How a plain text becomes a prompt: as a user's message for a chat template, or as it is.</summary>
public sealed class PromptFormat
{
    readonly Message? system;

    /// <param name="tokenizer">The model's tokenizer; its chat template, if it has one, is used.</param>
    /// <param name="raw">Whether the template is not used.</param>
    /// <param name="system">The text of a system message before the prompt; null for none.</param>
    /// <exception cref="InvalidDataException">There is a system message but no template to write it.</exception>
    public PromptFormat(Tokenizer tokenizer, bool raw = false, string? system = null)
    {
        UsesTemplate = tokenizer.ChatTemplate is not null && !raw;
        if (system is not null && !UsesTemplate)
            throw new InvalidDataException(raw
                ? "a raw prompt has no system message; write it as part of the prompt"
                : "the model has no chat template, so it cannot have a system message; write it as part of the prompt");
        this.system = system is null ? null : new("system", system);
    }

    /// <summary>Whether a plain text becomes a message.</summary>
    public bool UsesTemplate { get; }

    /// <summary>A prompt of a plain text.</summary>
    public Example Apply(Origin origin, string prompt) => UsesTemplate
        ? WithSystem(new ChatExample(origin, [new("user", prompt)]))
        : new PromptOnly(origin, prompt);

    /// <summary>The prompt of an example. The system message is added where the example has none.</summary>
    public Example Apply(Example example) => example switch
    {
        _ when TextOf(example) is { } text => Apply(example.Origin, text) with { Row = example.Row },
        LabelledExample labelled => Apply(labelled.Response with { Row = example.Row }),
        RewardedExample rewarded => Apply(rewarded.Response with { Row = example.Row }),
        ChatExample chat => WithSystem(chat),
        ChatComparisonExample comparison => comparison with { Prompt = WithSystem(comparison.Prompt) },
        _ => example,
    };

    /// <summary>The prompt of an example as the file has it, where that is a plain text.</summary>
    public static string? TextOf(Example example) => example switch
    {
        PromptOnly prompt => prompt.Prompt,
        Demonstration demonstration => demonstration.Prompt,
        ComparisonExample comparison => comparison.Prompt,
        LabelledExample labelled => TextOf(labelled.Response),
        RewardedExample rewarded => TextOf(rewarded.Response),
        AlternatingTexts alternating => string.Concat(alternating.Texts.SkipLast(1)),
        StepwiseExample stepwise => stepwise.Prompt,
        _ => null,
    };

    ChatExample WithSystem(ChatExample chat) => system is null || HasSystem(chat.Messages)
        ? chat
        : chat with { Messages = [system, .. chat.Messages], PromptCount = chat.PromptCount == 0 ? 0 : chat.PromptCount + 1 };

    Conversation WithSystem(Conversation prompt) =>
        system is null || HasSystem(prompt.Messages) ? prompt : prompt with { Messages = [system, .. prompt.Messages] };

    static bool HasSystem(IReadOnlyList<Message> messages) => messages.Count > 0 && messages[0].Role is "system" or "developer";
}
