using System.Text.Json.Nodes;

namespace Attune.Store;

public enum ItemKind
{
    /// <summary>What the project is for.</summary>
    Normal,

    /// <summary>Its best answer is plain: shows whether somebody pays attention.</summary>
    Check,

    /// <summary>Its ranks are known and explained: for the round in which people learn the guidelines.</summary>
    Calibration,
}

/// <summary>An answer to the prompt of an item.</summary>
/// <param name="Text">A JSON text, or a list of messages.</param>
/// <param name="Source">Who wrote it, such as a model's name; null where that is not known.</param>
/// <param name="Score">By a reward model; null where none scored it.</param>
public sealed record ItemResponse(JsonNode Text, string? Source = null, double? Score = null);

/// <summary>A prompt whose answers are compared or rated.</summary>
public sealed record Item
{
    public long Id { get; init; }

    public ItemKind Kind { get; init; }

    /// <summary>A JSON text, or a list of messages {"role", "content"}.</summary>
    public required JsonNode Prompt { get; init; }

    /// <summary>In the order in which they were imported: their places.</summary>
    public required IReadOnlyList<ItemResponse> Answers { get; init; }

    /// <summary>The known ranks of a check or a calibration item, as in <see cref="AnnotationResult.Ranks"/>.</summary>
    public IReadOnlyList<int?>? Expected { get; init; }

    /// <summary>Why they are known, in words.</summary>
    public string? Explanation { get; init; }

    /// <summary>How many people are to decide.</summary>
    public int Wanted { get; init; } = 1;

    /// <summary>How many have, skips left out.</summary>
    public int Decided { get; init; }

    public int Skipped { get; init; }

    /// <summary>The larger, the more there is to learn from it; null where no model scored it.</summary>
    public double? Priority { get; init; }

    /// <summary>Other fields of the row it came from.</summary>
    public JsonObject? Extra { get; init; }
}
