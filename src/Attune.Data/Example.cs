using Attune.Text;

namespace Attune.Data;

/// <summary>Where an example was written: a file and a line counted from 1.</summary>
public sealed record Origin(string File, int Line)
{
    public override string ToString() => $"{File}, line {Line}";
}

/// <summary>One example of a data file; its kind follows from the names of its fields.</summary>
public abstract record Example(Origin Origin);

/// <summary><c>text</c>: a document to pretrain on.</summary>
public sealed record Document(Origin Origin, string Text) : Example(Origin);

/// <summary><c>prompt</c>: something to answer.</summary>
public sealed record PromptOnly(Origin Origin, string Prompt) : Example(Origin);

/// <summary><c>prompt</c>, <c>completion</c>: how a person answered.</summary>
public sealed record Demonstration(Origin Origin, string Prompt, string Completion) : Example(Origin);

/// <summary><c>messages</c>: a conversation; what the assistant says in it is to be learned.</summary>
public sealed record Dialogue(Origin Origin, IReadOnlyList<Message> Messages) : Example(Origin);

/// <summary>
/// <c>prompt</c>, <c>completions</c>, <c>ranks</c>: answers that a person ranked, 0 the best, equal ranks for ties. A pair of
/// <c>chosen</c> and <c>rejected</c> is a ranking of two.
/// </summary>
public sealed record Ranking(Origin Origin, string Prompt, IReadOnlyList<string> Completions, IReadOnlyList<int> Ranks) : Example(Origin);
