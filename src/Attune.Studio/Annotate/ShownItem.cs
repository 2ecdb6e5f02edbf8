using Attune.Store;
using Attune.Studio.Layout;

namespace Attune.Studio.Annotate;

/// <summary>A decision of the annotator that a reviewer rejected.</summary>
/// <param name="Reason">The reviewer's reason.</param>
/// <param name="Verdict">The decision, in the order shown.</param>
sealed record SentBack(string? Reason, AnnotationResult Verdict);

/// <summary>
/// What the page gets of an item: not its kind, nor its id, which would tell attention checks apart, nor who wrote the responses, nor their
/// places in the store.
/// </summary>
/// <param name="Token">Identifies the assignment; null for a decided item.</param>
/// <param name="Prompt">A text, or the messages of a conversation.</param>
/// <param name="Answers">The responses in the order in which this annotator sees them.</param>
sealed record ShownItem(string? Token, IReadOnlyList<Passage> Prompt, IReadOnlyList<IReadOnlyList<Passage>> Answers)
{
    /// <summary>Why a reviewer sent the item back; null for an item that was not sent back.</summary>
    public SentBack? SentBack { get; init; }

    public static ShownItem Create(AssignedItem showing, SafeMarkdown? markdown) => new(
        showing.Token, Passage.FromNode(showing.Prompt, markdown),
        [.. showing.Answers.Select(answer => Passage.FromResponse(answer, markdown))])
    {
        SentBack = showing.Returned is { } review
            ? new(review.Reason, review.Decision.Result.AsShown(review.Decision.Shown)) : null,
    };

    public static ShownItem Create(Item item, Annotation decision, SafeMarkdown? markdown) => new(
        null, Passage.FromNode(item.Prompt, markdown),
        [.. decision.Shown.Select(place => Passage.FromResponse(item.Answers[place].Text, markdown))]);
}
