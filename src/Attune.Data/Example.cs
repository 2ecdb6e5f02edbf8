using Attune.Text;

namespace Attune.Data;

/// <summary>Where an example was written: a file and a line counted from 1.</summary>
public sealed record Origin(string File, int Line)
{
    public override string ToString() => $"{File}, line {Line}";
}

/// <summary>One example of a data file; its kind follows from the names of its fields.</summary>
public abstract record Example(Origin Origin)
{
    /// <summary>The row of the file with all its fields; null for what was not read from one. Examples are equal without it.</summary>
    public Row? Row { get; init; }

    public virtual bool Equals(Example? other) => other is not null && EqualityContract == other.EqualityContract && Origin == other.Origin;

    public override int GetHashCode() => Origin.GetHashCode();
}

/// <summary><c>text</c>: a document to pretrain on.</summary>
public sealed record Document(Origin Origin, string Text) : Example(Origin);

/// <summary><c>prompt</c>: something to answer.</summary>
public sealed record PromptOnly(Origin Origin, string Prompt) : Example(Origin);

/// <summary><c>prompt</c>, <c>completion</c>: how a person answered.</summary>
public sealed record Demonstration(Origin Origin, string Prompt, string Completion) : Example(Origin);

/// <summary>
/// <c>messages</c>: a conversation; what the assistant says in it is to be learned. <c>prompt</c> and <c>completion</c> may be lists of
/// messages too; then that is what the assistant says in the completion. Without a completion it is a prompt to answer.
/// </summary>
/// <param name="Origin">Where it was written.</param>
/// <param name="Messages">At least one.</param>
/// <param name="PromptCount">How many of the messages are the prompt.</param>
public sealed record ChatExample(Origin Origin, IReadOnlyList<Message> Messages, int PromptCount = 0) : Example(Origin)
{
    /// <summary>What stands beside the messages: <c>tools</c>, <c>documents</c>, <c>chat_template_kwargs</c>.</summary>
    public Conversation Context { get; init; } = new([]);

    /// <summary>The first messages, with what stands beside them.</summary>
    public Conversation First(int count) => Context with { Messages = [.. Messages.Take(count)] };
}

/// <summary>
/// <c>prompt</c>, <c>completions</c>, <c>ranks</c> or <c>pairs</c>: answers that people compared. A pair of <c>chosen</c> and
/// <c>rejected</c> is a ranking of two.
/// </summary>
public sealed record ComparisonExample(Origin Origin, string Prompt, IReadOnlyList<string> Completions, ComparisonSet Comparisons) : Example(Origin);

/// <summary>A ranking whose prompt and answers are lists of messages, which a chat template writes as texts.</summary>
/// <param name="Origin">Where it was written.</param>
/// <param name="Prompt">The messages before the answers, with what stands beside them.</param>
/// <param name="Completions">Answers, each a list of messages.</param>
/// <param name="Comparisons">What people think of them.</param>
public sealed record ChatComparisonExample(
    Origin Origin, Conversation Prompt, IReadOnlyList<IReadOnlyList<Message>> Completions, ComparisonSet Comparisons) : Example(Origin);
