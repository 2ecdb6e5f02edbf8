using Attune.Text;

namespace Attune.Data;

/// <summary>Where an example comes from: a file and a line, counted from 1.</summary>
public sealed record Origin(string File, int Line)
{
    /// <summary>What is counted: lines, or rows of a file that has no lines.</summary>
    public string Unit { get; init; } = "line";

    /// <summary>The folder whose files are read together; null for a file that is read alone.</summary>
    public string? Folder { get; init; }

    /// <summary>The line, with the file where several files are read: "line 3", "b.txt, line 3".</summary>
    public string Place => Folder is null ? $"{Unit} {Line}" : $"{Path.GetRelativePath(Folder, File)}, {Unit} {Line}";

    public override string ToString() => $"{File}, {Unit} {Line}";
}

/// <summary>One example of a data file; its type depends on the names of its fields.</summary>
public abstract record Example(Origin Origin)
{
    /// <summary>The row of the file with all its fields; null for an example that is not from a file. Equality ignores it.</summary>
    public Row? Row { get; init; }

    public virtual bool Equals(Example? other) => other is not null && EqualityContract == other.EqualityContract && Origin == other.Origin;

    public override int GetHashCode() => Origin.GetHashCode();
}

/// <summary><c>text</c>: a document to pretrain on.</summary>
public sealed record Document(Origin Origin, string Text) : Example(Origin)
{
    /// <summary>A document, or a demonstration as one text.</summary>
    /// <exception cref="InvalidDataException">The example is neither of them.</exception>
    public static Document From(Example example) => example switch
    {
        Document document => document,
        Demonstration demonstration => new(example.Origin, demonstration.Prompt + demonstration.Completion),
        _ => throw new InvalidDataException($"{example.Origin}: pretraining needs `text`, or `prompt` and `completion`"),
    };
}

/// <summary><c>prompt</c>: a prompt to respond to.</summary>
public sealed record PromptOnly(Origin Origin, string Prompt) : Example(Origin);

/// <summary><c>prompt</c>, <c>completion</c>: a response that a person wrote.</summary>
public sealed record Demonstration(Origin Origin, string Prompt, string Completion) : Example(Origin);

/// <summary>
/// <c>messages</c>: a conversation whose assistant messages are in the loss. <c>prompt</c> and <c>completion</c> may also be lists of
/// messages; then only the completion's assistant messages are. Without a completion it is a prompt to respond to.
/// </summary>
/// <param name="Origin">Where it comes from.</param>
/// <param name="Messages">The messages, at least one.</param>
/// <param name="PromptCount">How many of the first messages are the prompt.</param>
public sealed record ChatExample(Origin Origin, IReadOnlyList<Message> Messages, int PromptCount = 0) : Example(Origin)
{
    /// <summary>The fields <c>tools</c>, <c>documents</c> and <c>chat_template_kwargs</c>.</summary>
    public Conversation Context { get; init; } = new([]);

    /// <summary>Whether it is a prompt without a response.</summary>
    public bool IsPrompt => PromptCount == Messages.Count;

    /// <summary>The first messages, with the same tools, documents and variables.</summary>
    public Conversation First(int count) => Context with { Messages = [.. Messages.Take(count)] };
}

/// <summary>
/// <c>prompt</c>, <c>completions</c>, and <c>ranks</c> or <c>pairs</c>: compared responses. <c>chosen</c> and <c>rejected</c> are a
/// comparison of two.
/// </summary>
public sealed record ComparisonExample(Origin Origin, string Prompt, IReadOnlyList<string> Completions, ComparisonSet Comparisons)
    : Example(Origin)
{
    /// <summary><c>reference</c>: a gold response (TPO); null without one.</summary>
    public string? Reference { get; init; }
}

/// <summary>Compared responses whose prompt and completions are lists of messages, which a chat template renders as text.</summary>
/// <param name="Origin">Where it comes from.</param>
/// <param name="Prompt">The messages before the responses, with tools, documents and variables.</param>
/// <param name="Completions">The responses, each a list of messages.</param>
/// <param name="Comparisons">The comparisons of the responses.</param>
public sealed record ChatComparisonExample(
    Origin Origin, Conversation Prompt, IReadOnlyList<IReadOnlyList<Message>> Completions, ComparisonSet Comparisons) : Example(Origin)
{
    /// <summary><c>reference</c>: a gold response (TPO); null without one.</summary>
    public IReadOnlyList<Message>? Reference { get; init; }
}

/// <summary><c>prompt</c>, <c>completion</c>, <c>label</c>: a response that is good or bad (KTO).</summary>
/// <param name="Origin">Where it comes from.</param>
/// <param name="Response">The prompt with its response: a <see cref="Demonstration"/> or a <see cref="ChatExample"/>.</param>
/// <param name="Label">Whether the response is good.</param>
public sealed record LabelledExample(Origin Origin, Example Response, bool Label) : Example(Origin);

/// <summary><c>prompt</c>, <c>completion</c>, <c>reward</c>: a response with its reward (ILQL).</summary>
/// <param name="Origin">Where it comes from.</param>
/// <param name="Response">
/// The prompt with its response: a <see cref="Demonstration"/>, a <see cref="ChatExample"/> or <see cref="AlternatingTexts"/>.
/// </param>
/// <param name="Rewards">One reward of the whole example, or one for each response of a conversation, or for each response token.</param>
public sealed record RewardedExample(Origin Origin, Example Response, IReadOnlyList<double> Rewards) : Example(Origin);

/// <summary>Prompts and responses as texts in turn, beginning with a prompt: what trlX calls a dialogue.</summary>
public sealed record AlternatingTexts(Origin Origin, IReadOnlyList<string> Texts) : Example(Origin);

/// <summary><c>prompt</c>, <c>completions</c>, <c>labels</c>: a response in steps, each of which is right or wrong.</summary>
public sealed record StepwiseExample(Origin Origin, string Prompt, IReadOnlyList<string> Steps, IReadOnlyList<bool> Labels)
    : Example(Origin);
