namespace Attune.Store.Export;

/// <summary>The layout of the rows of an export.</summary>
public enum ExportLayout
{
    /// <summary><c>prompt</c>, <c>chosen</c>, <c>rejected</c>: two responses of which the first is better.</summary>
    Pairs,

    /// <summary><c>prompt</c>, <c>completions</c>, <c>ranks</c>: all responses to a prompt with their ranks.</summary>
    Rankings,

    /// <summary>
    /// <c>prompt</c>, <c>completion</c>, <c>label</c>: a response and whether it is desirable (Ethayarajh et al. 2024,
    /// https://arxiv.org/abs/2402.01306).
    /// </summary>
    Kto,

    /// <summary><c>chosen</c>, <c>rejected</c>: full transcripts (Bai et al. 2022, https://arxiv.org/abs/2204.05862).</summary>
    Hh,

    /// <summary><c>prompt</c>, <c>completion</c>: the better responses that annotators wrote.</summary>
    Demonstrations,

    /// <summary>
    /// <c>messages</c>: conversations that end with the best response. Of a conversation with models, a row for each branch, up to its last
    /// decided turn.
    /// </summary>
    Conversations,

    /// <summary>
    /// <c>prompt</c>, <c>chosen</c>, <c>rejected</c>, <c>reference</c>: the pairs, each with a better response that an annotator wrote.
    /// </summary>
    Triples,

    /// <summary>
    /// <c>prompt</c>, <c>completions</c>, <c>labels</c>: the steps of a response, each right or wrong (Lightman et al. 2023,
    /// https://arxiv.org/abs/2305.20050).
    /// </summary>
    Steps,

    /// <summary>One row per decision, for a spreadsheet.</summary>
    Csv,
}

/// <summary>What to do with flagged items.</summary>
public enum Flagged
{
    Exclude,
    Include,
    Only,
}

/// <summary>A question to export.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Weight">How much it counts among several questions; above 0.</param>
public sealed record QuestionWeight(string Key, double Weight = 1);

/// <summary>
/// What to export. Filters first select decisions (<see cref="People"/>, <see cref="From"/>, <see cref="To"/>, <see cref="LeastStrength"/>,
/// <see cref="LeastRight"/>, <see cref="ReviewedOnly"/>), then items by their remaining decisions. Attention checks and calibration items
/// are never exported.
/// </summary>
public sealed record ExportOptions
{
    public ExportLayout Layout { get; init; }

    /// <summary>Whether to write a row for each vote instead of one for the majority.</summary>
    public bool EachVote { get; init; }

    /// <summary>
    /// Whether the votes of a pair are weighted by the ability of the annotators: the response that is probably better is chosen, and
    /// <c>label</c> is the probability, by the model of Dawid and Skene.
    /// </summary>
    public bool ByAbility { get; init; }

    /// <summary>
    /// The questions to export; the first of the project when empty. With several, a pair has one row: <c>label</c> is the mean over the
    /// questions of the share of votes for the chosen response, by weight, where a question without a winner counts as ½. The loss of a
    /// pair is linear in its label, so this row has the gradient of the weighted sum of the questions' losses.
    /// </summary>
    public IReadOnlyList<QuestionWeight> Questions { get; init; } = [];

    /// <summary>
    /// Whether votes of judges (models that compare responses) count like those of people. A judge's votes on an item are one decision.
    /// </summary>
    public bool Judges { get; init; }

    /// <summary>Only decisions of people with these names; everyone's when empty.</summary>
    public IReadOnlyList<string> People { get; init; } = [];

    /// <summary>Only decisions made at this time or later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Only decisions made before this time.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Only decisions with at least this strength; 0 also takes those without a strength.</summary>
    public int LeastStrength { get; init; }

    /// <summary>Only decisions of annotators with at least this share of attention checks right; 0 takes everyone's.</summary>
    public double LeastRight { get; init; }

    /// <summary>Only decisions that a reviewer has accepted in their current revision, and adjudications.</summary>
    public bool ReviewedOnly { get; init; }

    /// <summary>Only items with at least this many decisions, or with an adjudication.</summary>
    public int LeastDecisions { get; init; } = 1;

    /// <summary>Only items where at least this share of the votes agrees with the majority.</summary>
    public double LeastAgreement { get; init; }

    public Flagged Flagged { get; init; }

    /// <summary>Whether a response that an annotator wrote is better than all others of its item.</summary>
    public bool IdealFirst { get; init; }

    /// <summary>
    /// Whether rows have all other fields of the imported rows. Without them, they have the fields of conversations only
    /// (<c>tools</c>, <c>documents</c>, <c>chat_template_kwargs</c>): training stops at a field that has a meaning in another layout.
    /// </summary>
    public bool OtherFields { get; init; } = true;

    /// <summary>
    /// The share of prompts that are held out. It depends only on prompt and seed, so a later export holds out the same prompts.
    /// </summary>
    public double HeldOut { get; init; }

    public int Seed { get; init; }

    /// <summary>All invalid options, one message each.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var (name, share) in new[] { ("checks right", LeastRight), ("agreement", LeastAgreement), ("held out", HeldOut) })
            if (share is not (>= 0 and <= 1))
                yield return $"{name} must be from 0 to 1 (was {share})";
        if (ByAbility && Layout is not (ExportLayout.Pairs or ExportLayout.Hh or ExportLayout.Triples))
            yield return $"votes weighted by ability need the layout Pairs, Hh or Triples (was {Layout})";
        if (ByAbility && EachVote)
            yield return "choose a row for each vote or votes weighted by ability, not both";
        if (Questions.Any(question => question.Weight is not (> 0 and < 1e6)))
            yield return "the weight of a question must be above 0";
        if (Questions.Select(question => question.Key).Distinct(StringComparer.Ordinal).Count() < Questions.Count)
            yield return "each question may be given once";
        if (Questions.Count > 1 && Layout is not (ExportLayout.Pairs or ExportLayout.Hh or ExportLayout.Triples))
            yield return $"several questions together need the layout Pairs, Hh or Triples (was {Layout}); other layouts take one question";
        if (Questions.Count > 1 && (EachVote || ByAbility))
            yield return "several questions together are weighted by question; choose one question for a row for each vote or weights by "
                + "ability";
        if (Judges && ByAbility)
            yield return "abilities are estimated from decisions of people; leave out the judges' votes";
        if (LeastDecisions < 1)
            yield return $"decisions must be at least 1 (was {LeastDecisions})";
        if (LeastStrength < 0)
            yield return $"strength must be at least 0 (was {LeastStrength})";
        if (From >= To)
            yield return $"the start of the time range must be before its end (was {From:u} to {To:u})";
        if (!Enum.IsDefined(Layout))
            yield return $"layout must be one of {string.Join(", ", Enum.GetNames<ExportLayout>())} (was {Layout})";
    }
}
