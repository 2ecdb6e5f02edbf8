using Attune.Reporting.Charts;
using Attune.Reporting.Pages;
using Attune.Reporting.Runs;

namespace Attune.Reporting.Reports;

/// <summary>Responses of the rounds of a run that samples in rounds: the lowest and the highest score of some prompts.</summary>
static class RoundSection
{
    const int MaxRounds = 4;
    const int PromptsOfRound = 4;

    /// <summary>The section, or none for a run without rounds.</summary>
    public static IEnumerable<ReportSection> Create(RunFolder folder)
    {
        if (!Directory.Exists(folder.Responses))
            yield break;
        var files = Directory.GetFiles(folder.Responses, "*.jsonl").Order(StringComparer.Ordinal).ToList();
        var rounds = files.Index().Where(file => IsShown(file.Index, files.Count))
            .Select(file => (Number: file.Index + 1, Responses: Scored(file.Item))).Where(round => round.Responses.Count > 0).ToList();
        if (rounds.Count > 0)
            yield return new("Responses of the rounds")
            {
                Lead = "Responses that were sampled to learn from. Of some prompts, the response with the lowest score and that with the "
                    + "highest.",
                SampleTitles = ("Lowest score", "Highest score"),
                Columns = [.. rounds.Select(round => new SampleColumn(Title(round.Number, round.Responses), Samples(round.Responses)))],
            };
    }

    /// <summary>The first round, the last, and some at equal distances between them.</summary>
    static bool IsShown(int index, int count) => count <= MaxRounds
        || Enumerable.Range(0, MaxRounds).Any(shown => shown * (count - 1) / (MaxRounds - 1) == index);

    static IReadOnlyList<SampledResponse> Scored(string path) =>
        [.. SampledResponse.Read(path).Where(response => response.Score is not null)];

    static string Title(int number, IReadOnlyList<SampledResponse> responses) =>
        $"Round {number}: {responses.Count:N0} responses, mean score {Rounded(responses.Average(response => response.Score!.Value))}";

    static IReadOnlyList<BeforeAfter> Samples(IReadOnlyList<SampledResponse> responses) =>
    [
        .. responses.GroupBy(response => response.Prompt, StringComparer.Ordinal).Take(PromptsOfRound).Select(group => new BeforeAfter(
            group.Key, Describe(group.MinBy(response => response.Score)!), Describe(group.MaxBy(response => response.Score)!))),
    ];

    static ReportedResponse Describe(SampledResponse response) => new(response.Completion)
    {
        Captions =
        [
            $"score {Rounded(response.Score!.Value)}", $"{NumberFormat.Number(response.Tokens.Length)} tokens",
            .. response.Ended ? Array.Empty<string>() : ["cut off at the maximum length"],
        ],
    };

    static string Rounded(double value) => NumberFormat.Number(Math.Round(value, 2));
}
