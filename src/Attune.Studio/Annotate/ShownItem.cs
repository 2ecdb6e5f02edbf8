using Attune.Store;

namespace Attune.Studio.Annotate;

/// <summary>All that the page learns of an item: not its kind, not who wrote the answers, not how they stand in the store.</summary>
/// <param name="Item">Its number.</param>
/// <param name="Token">Names this showing; null of one that was decided.</param>
/// <param name="Prompt">A text, or the turns of a conversation.</param>
/// <param name="Answers">In the order in which this person sees them.</param>
sealed record ShownItem(long Item, string? Token, IReadOnlyList<Passage> Prompt, IReadOnlyList<IReadOnlyList<Passage>> Answers)
{
    public static ShownItem Create(AssignedItem showing, ProjectSettings settings) => new(
        showing.Item, showing.Token, Passage.FromNode(showing.Prompt, settings.Markdown), [.. showing.Answers.Select(answer => Passage.FromResponse(answer, settings.Markdown))]);

    public static ShownItem Create(Item item, Annotation decision, ProjectSettings settings) => new(
        item.Id, null, Passage.FromNode(item.Prompt, settings.Markdown), [.. decision.Shown.Select(place => Passage.FromResponse(item.Answers[place].Text, settings.Markdown))]);
}
