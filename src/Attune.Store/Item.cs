using System.Text.Json.Nodes;

namespace Attune.Store;

public enum ItemKind
{
    /// <summary>An ordinary item, whose annotations are exported.</summary>
    Normal,

    /// <summary>An attention check: its best response is obvious.</summary>
    Check,

    /// <summary>A calibration item: its ranks are known and explained, and annotators start with it.</summary>
    Calibration,
}

/// <summary>A response to the prompt of an item.</summary>
/// <param name="Text">A JSON text, or a list of messages.</param>
/// <param name="Source">Who wrote it, such as a model's name; null where that is not known.</param>
/// <param name="Score">The score of a reward model; null where it was not scored.</param>
public sealed record ItemResponse(JsonNode Text, string? Source = null, double? Score = null);

/// <summary>The scores of an item's responses.</summary>
/// <param name="Item">The id of the item.</param>
/// <param name="Scores">The scores by place.</param>
/// <param name="Priority">The uncertainty of the reward models, larger for items that tell more.</param>
public sealed record ItemScores(long Item, IReadOnlyList<double> Scores, double Priority);

/// <summary>A prompt whose responses are compared or rated.</summary>
public sealed record Item
{
    /// <summary>The most steps of a response whose steps are labelled.</summary>
    public const int MostSteps = 100;

    public long Id { get; init; }

    public ItemKind Kind { get; init; }

    /// <summary>A JSON text, or a list of messages {"role", "content"}.</summary>
    public required JsonNode Prompt { get; init; }

    /// <summary>The responses in the order in which they were imported; an index in this list is a place.</summary>
    public required IReadOnlyList<ItemResponse> Answers { get; init; }

    /// <summary>The known ranks of an attention check or a calibration item, as in <see cref="AnnotationResult.Ranks"/>.</summary>
    public IReadOnlyList<int?>? Expected { get; init; }

    /// <summary>Why the ranks are known.</summary>
    public string? Explanation { get; init; }

    /// <summary>How many annotators should decide.</summary>
    public int Wanted { get; init; } = 1;

    /// <summary>Whether annotators should decide it although it has an imported decision, which counts too.</summary>
    public bool Again { get; init; }

    /// <summary>How many annotators have decided, without skips.</summary>
    public int Decided { get; init; }

    public int Skipped { get; init; }

    /// <summary>The uncertainty of the reward models, larger for items that tell more; null where it was not scored.</summary>
    public double? Priority { get; init; }

    /// <summary>Other fields of the imported row.</summary>
    public JsonObject? Extra { get; init; }
}
