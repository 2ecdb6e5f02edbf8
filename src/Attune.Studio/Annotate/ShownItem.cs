using Attune.Store;

namespace Attune.Studio.Annotate;

/// <summary>What the page gets of an item: not its kind, nor who wrote the responses, nor their places in the store.</summary>
/// <param name="Item">The id of the item.</param>
/// <param name="Token">Identifies the assignment; null for a decided item.</param>
/// <param name="Prompt">A text, or the messages of a conversation.</param>
/// <param name="Answers">The responses in the order in which this annotator sees them.</param>
sealed record ShownItem(long Item, string? Token, IReadOnlyList<Passage> Prompt, IReadOnlyList<IReadOnlyList<Passage>> Answers)
{
    public static ShownItem Create(AssignedItem showing, ProjectSettings settings) => new(
        showing.Item, showing.Token, Passage.FromNode(showing.Prompt, settings.Markdown),
        [.. showing.Answers.Select(answer => Passage.FromResponse(answer, settings.Markdown))]);

    public static ShownItem Create(Item item, Annotation decision, ProjectSettings settings) => new(
        item.Id, null, Passage.FromNode(item.Prompt, settings.Markdown),
        [.. decision.Shown.Select(place => Passage.FromResponse(item.Answers[place].Text, settings.Markdown))]);
}
