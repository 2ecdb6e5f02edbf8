using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Torch;
using Attune.Training.Options;
using Attune.Training.Policies;
using Attune.Training.Remote;

namespace Attune.Training.Rewards;

/// <summary>The kinds of rewards, and how to create a reward source from a list of them.</summary>
public static class RewardSources
{
    static readonly Lock registering = new();

    /// <summary>All kinds that recipes can use, with their defaults.</summary>
    public static IReadOnlyDictionary<string, RewardOptions> Kinds { get; private set; } = new RewardOptions[]
    {
        new ModelReward(),
        new ClassifierReward(),
        new LengthReward(),
        new RegexReward(),
        new KeywordsReward(),
        new RepetitionReward(),
        new JsonReward(),
        new ExactMatchReward(),
        new NumberReward(),
        new BoxedReward(),
        new CosineReward(),
        new ThinkFormatReward(),
        new IncreasingNumbersReward(),
        new DatesReward(),
        new RougeReward(),
        new BleuReward(),
        new ChrfReward(),
        new TerReward(),
        new MeteorReward(),
        new CiderReward(),
        new ParentReward(),
        new BertScoreReward(),
        new EnvironmentReward(),
        new HttpReward(),
        new ProcessReward(),
        new OpenAiReward(),
        new PluginReward(),
    }.ToDictionary(reward => reward.Kind, StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Adds a kind of reward. Recipes can use it from then on, with the properties of the record as its keys; help shows their
    /// summaries, from the XML documentation next to the record's assembly.
    /// </summary>
    /// <param name="defaults">The values of keys that a recipe leaves out.</param>
    /// <exception cref="ArgumentException">Another record type has this kind.</exception>
    public static void Register(RewardOptions defaults)
    {
        lock (registering)
        {
            if (Kinds.TryGetValue(defaults.Kind, out var known) && known.GetType() != defaults.GetType())
                throw new ArgumentException($"the kind '{defaults.Kind}' is already used by {known.GetType()}", nameof(defaults));
            Kinds = new Dictionary<string, RewardOptions>(Kinds, StringComparer.OrdinalIgnoreCase) { [defaults.Kind] = defaults };
        }
    }

    /// <summary>
    /// Creates one reward source, the weighted sum of rewards. Dispose of it: it may own child processes and connections.
    /// </summary>
    /// <param name="rewards">At least one, with different names.</param>
    /// <param name="policy">The policy whose responses are scored.</param>
    /// <param name="dtype">The type of a reward model's weights; null for the one that they are stored in.</param>
    /// <param name="workers">How many batches a reward model scores in parallel on a CPU.</param>
    /// <param name="say">Shows a notice, such as that a request is retried; called from any thread.</param>
    /// <param name="cancellation">Ends requests to other programs that do not answer.</param>
    /// <exception cref="InvalidDataException">A reward cannot be created, or the list is invalid.</exception>
    public static IRewardSource Create(
        IReadOnlyList<RewardOptions> rewards, Policy policy, DType? dtype = DType.Float32, int workers = 1, Action<string>? say = null,
        CancellationToken cancellation = default)
    {
        Validation.ThrowIfInvalid(new RewardList { Rewards = rewards });
        var context = new RewardContext(policy) { Dtype = dtype, Workers = workers, Say = say ?? (_ => { }), Cancellation = cancellation };
        var parts = new List<WeightedReward>();
        try
        {
            foreach (var reward in rewards)
                parts.Add(new(reward.Title, reward.Build(context), reward.Weight, reward.Scaling));
        }
        catch
        {
            parts.ForEach(part => part.Source.Dispose());
            throw;
        }
        return new RewardSum(parts);
    }

    /// <summary>Kills the processes of rewards, tools and environments, for a program that is ended at once.</summary>
    public static void KillProcesses() => LineProcess.KillAll();

    /// <summary>Checks before a run that the rows of all prompts have the fields that rewards read.</summary>
    /// <exception cref="InvalidDataException">A field is missing; the message says where.</exception>
    public static void RequireFields(IReadOnlyList<RewardOptions> rewards, IEnumerable<TokenPrompt> prompts)
    {
        var fields = rewards.SelectMany(reward => reward.RowFields).Distinct(StringComparer.Ordinal).ToList();
        if (fields.Count == 0)
            return;
        foreach (var prompt in prompts)
            foreach (var field in fields)
                prompt.Row?.Required(field);
    }

    /// <summary>Checks that the names of a list of rewards differ.</summary>
    internal static IEnumerable<ValidationResult> ValidateNames(IReadOnlyList<RewardOptions> rewards, string member) =>
        from same in rewards.GroupBy(reward => reward.Title, StringComparer.Ordinal)
        where same.Count() > 1
        select new ValidationResult($"must have different names: {same.Count()} are called '{same.Key}'; set their key name", [member]);
}

/// <summary>Rewards that are not part of a recipe.</summary>
sealed record RewardList : IValidatableObject
{
    [MinLength(1, ErrorMessage = "must have at least one reward")]
    public IReadOnlyList<RewardOptions> Rewards { get; init; } = [];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        RewardSources.ValidateNames(Rewards, nameof(Rewards));
}
