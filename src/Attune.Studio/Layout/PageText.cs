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
        TaskKind.Demonstration => "Write ideal answers",
        TaskKind.Steps => "Label each step of an answer",
        _ => "Rate each answer",
    };

    public static string Verb(TaskKind task) => task switch
    {
        TaskKind.Rating => "Rate",
        TaskKind.Dialogue => "Converse",
        TaskKind.Demonstration => "Write",
        TaskKind.Steps => "Label",
        _ => "Rank",
    };
}
