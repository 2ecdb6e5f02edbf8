using Attune.Store;

namespace Attune.Studio.Layout;

/// <summary>Short texts shared by several pages.</summary>
static class PageText
{
    public static string Describe(TaskKind task) => task switch
    {
        TaskKind.Pairwise => "Compare two answers",
        TaskKind.Ranking => "Rank several answers",
        TaskKind.Dialogue => "Converse with models, two answers to each message",
        TaskKind.BestWorst => "Choose the best and the worst of four answers",
        _ => "Rate each answer",
    };

    public static string Verb(TaskKind task) => task switch
    {
        TaskKind.Rating => "Rate",
        TaskKind.Dialogue => "Converse",
        _ => "Rank",
    };
}
