using Attune.Store;

namespace Attune.Studio.Layout;

/// <summary>Small texts that several pages share.</summary>
static class PageText
{
    public static string Count(long count, string thing) => count == 1 ? $"1 {thing}" : $"{count:N0} {thing}s";

    public static string Describe(TaskKind task) => task switch
    {
        TaskKind.Pairwise => "Pairs side by side",
        TaskKind.Ranking => "Answers in order",
        _ => "Ratings",
    };

    public static string Verb(TaskKind task) => task == TaskKind.Rating ? "Rate" : "Rank";
}
