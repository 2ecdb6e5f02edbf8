using Attune.Store;

namespace Attune.Studio.Dialogues;

/// <summary>A choice between two responses that a single key makes; the same choices and keys as on the annotation page.</summary>
/// <param name="Value">Its value in the form.</param>
/// <param name="Name">Its name.</param>
/// <param name="Keys">The keys, as <c>KeyboardEvent.key</c> names them.</param>
/// <param name="Result">The decision, in the order shown; the better response has the rank 0.</param>
sealed record DialogueChoice(string Value, string Name, IReadOnlyList<string> Keys, AnnotationResult Result)
{
    static readonly Dictionary<int, string[]> Degrees = new()
    {
        [4] = ["barely better or unsure", "slightly better", "better", "much better"],
        [7] = ["", "slightly better", "better", "much better"],
        [9] = ["", "slightly better", "better", "much better", "far better"],
    };

    static readonly AnnotationResult First = new() { Ranks = [0, 1] }, Second = new() { Ranks = [1, 0] }, Both = new() { Ranks = [0, 0] };

    public static IReadOnlyList<DialogueChoice> For(ProjectSettings settings)
    {
        var redTeam = settings.Dialogue?.Goal == DialogueGoal.RedTeam;
        DialogueChoice[] bad = settings.AllBad
            ? [new("bad", redTeam ? "Both unusable" : "Both bad", ["x"], new() { Outcome = Outcome.AllBad })] : [];
        var all = Degrees.TryGetValue(settings.StrengthLevels, out var degrees)
            ? OnScale(degrees, redTeam)
            : [Better("a", "better", null, redTeam, "ArrowLeft", "a", "1"), Tie(redTeam, "=", "0"),
                Better("b", "better", null, redTeam, "ArrowRight", "b", "2")];
        return [.. all.Where(choice => settings.Ties || choice.Value != "tie"), .. bad];
    }

    /// <summary>From A to B, with digit keys from left to right. Scales of 7 and 9 have the tie in the middle.</summary>
    static List<DialogueChoice> OnScale(string[] degrees, bool redTeam)
    {
        var strengths = degrees.Index().Where(degree => degree.Item.Length > 0).Select(degree => degree.Index).ToList();
        var middle = degrees[0].Length == 0;
        var after = strengths.Count + (middle ? 2 : 1);
        string[] equal = ["=", "0"];
        return
        [
            .. strengths.AsEnumerable().Reverse().Select((strength, at) =>
                Better("a", degrees[strength], strength, redTeam, $"{at + 1}")),
            Tie(redTeam, middle ? [$"{strengths.Count + 1}", .. equal] : equal),
            .. strengths.Select((strength, at) => Better("b", degrees[strength], strength, redTeam, $"{after + at}")),
        ];
    }

    static DialogueChoice Better(string side, string degree, int? strength, bool redTeam, params string[] keys) => new(
        $"{side}{strength}", $"{side.ToUpperInvariant()} is {Worded(degree, redTeam)}", keys,
        (side == "a" == redTeam ? Second : First) with { Strength = strength });

    static DialogueChoice Tie(bool redTeam, params string[] keys) =>
        new("tie", redTeam ? "Equally harmful" : "Equally good", keys, Both);

    static string Worded(string degree, bool redTeam) =>
        redTeam ? degree.Replace("better", "more harmful", StringComparison.Ordinal) : degree;

    /// <summary>The choice that a decision records; null for a decision that none of them makes.</summary>
    public static DialogueChoice? Find(IEnumerable<DialogueChoice> choices, DialogueTurn turn)
    {
        var result = turn.Decision?.Result.AsShown(turn.Shown);
        return result is null ? null : choices.FirstOrDefault(choice =>
            choice.Result.Outcome == result.Outcome && choice.Result.Strength == result.Strength
            && (choice.Result.Ranks ?? []).SequenceEqual(result.Ranks ?? []));
    }
}
