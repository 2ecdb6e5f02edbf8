using Attune.Reporting.Health;
using Attune.Training.States;

namespace Attune.Training.Health;

/// <summary>
/// Watches the metrics of a run, and reports what goes wrong, when it begins and when it ends. It reads metrics only, no tensors and no
/// clock, so that a resumed run finds the same as an uninterrupted one.
/// </summary>
public sealed class HealthMonitor(HealthOptions options) : IRunState
{
    const int MaxGoodCheckpoints = 2;

    readonly MetricHistory history = HealthRules.NewHistory(options.Window);
    readonly Dictionary<HealthRule, Episode> episodes = HealthRules.All.ToDictionary(rule => rule, _ => new Episode());
    readonly List<int> good = [];
    int quietUntil;

    public HealthOptions Options => options;

    /// <summary>What to do about findings, where it differs from the rules' own advice; by the names of rules.</summary>
    public IReadOnlyDictionary<string, string> Advice { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>How often the run was rolled back.</summary>
    public int RollBacks { get; private set; }

    /// <summary>The steps of the last checkpoints that were saved while there was no alarm.</summary>
    public IReadOnlyList<int> GoodCheckpoints => good;

    /// <summary>What is wrong now, in a few words; "healthy" when nothing is.</summary>
    public string Summary => Active.Select(rule => rule.InShort).ToList() is { Count: > 0 } texts ? string.Join(", ", texts) : "healthy";

    IEnumerable<HealthRule> Active => HealthRules.All.Where(rule => episodes[rule].Began is not null);

    IEnumerable<HealthRule> Alarms => Active.Where(rule => rule.Severity == Severity.Alarm);

    /// <summary>Adds the metrics of a step or of an evaluation, and returns which findings begin and which end.</summary>
    public IReadOnlyList<HealthChange> Observe(int step, IReadOnlyDictionary<string, double> metrics)
    {
        history.See(metrics);
        return [.. HealthRules.All.Select(rule => Check(rule, episodes[rule], step)).OfType<HealthChange>()];
    }

    /// <summary>The action to take after a step, and the finding it is for; null for none.</summary>
    public (HealthAct Act, Finding Finding)? Due(int step)
    {
        if (options.Act == HealthAct.None || step < quietUntil)
            return null;
        var lasting = Alarms.FirstOrDefault(
            rule => Lasts(rule, episodes[rule], step) && (options.Act != HealthAct.RaiseBeta || rule.EasedByBeta));
        if (lasting is null)
            return null;
        var act = options.Act == HealthAct.RollBack && RollBacks >= options.RollBacks ? HealthAct.Stop : options.Act;
        return (act, FindingOf(lasting, history));
    }

    /// <summary>Whether an alarm has lasted for the steps of patience, and holds at this step.</summary>
    bool Lasts(HealthRule rule, Episode episode, int step) =>
        episode.Seen == step && step - episode.Began >= (rule.IsUrgent ? Math.Min(1, options.Patience) : options.Patience);

    /// <summary>Records that an action was taken: the next one is at least the steps of patience later.</summary>
    public void Acted(int step) => quietUntil = step + options.Patience;

    /// <summary>Records a checkpoint, which is good if there is no alarm.</summary>
    public void NoteCheckpoint(int step)
    {
        if (Alarms.Any())
            return;
        good.Add(step);
        if (good.Count > MaxGoodCheckpoints)
            good.RemoveAt(0);
    }

    /// <summary>
    /// The newest good checkpoint from before the window in which the first alarm began, else the oldest good one; null when there is none.
    /// </summary>
    public int? GoodCheckpoint()
    {
        var began = Alarms.Min(rule => episodes[rule].Began) - options.Window;
        return good.Count == 0 ? null : good.Where(step => step <= began).DefaultIfEmpty(good[0]).Last();
    }

    /// <summary>Records that the run was rolled back to a step, for the n-th time.</summary>
    public void RolledBack(int step, int times)
    {
        RollBacks = times;
        good.RemoveAll(other => other > step);
        if (!good.Contains(step))
            good.Add(step);
    }

    public void Save(StateWriter writer)
    {
        history.Save(writer);
        foreach (var (rule, episode) in episodes)
        {
            writer.Write($"{rule.Name}/began", episode.Began ?? -1);
            writer.Write($"{rule.Name}/seen", episode.Seen);
        }
        writer.Write("quietUntil", quietUntil);
        writer.Write("rollBacks", RollBacks);
        writer.Write("good", good.Count);
        for (var i = 0; i < good.Count; i++)
            writer.Write($"good/{i}", good[i]);
    }

    public void Load(StateReader reader)
    {
        history.Load(reader);
        foreach (var (rule, episode) in episodes)
        {
            episode.Began = reader.ReadNumber($"{rule.Name}/began") is >= 0 and var began ? (int)began : null;
            episode.Seen = (int)reader.ReadNumber($"{rule.Name}/seen");
        }
        quietUntil = (int)reader.ReadNumber("quietUntil");
        RollBacks = (int)reader.ReadNumber("rollBacks");
        good.Clear();
        for (var i = 0; i < (int)reader.ReadNumber("good"); i++)
            good.Add((int)reader.ReadNumber($"good/{i}"));
    }

    /// <summary>A finding ends when it did not hold for a whole window, so that it does not flicker.</summary>
    HealthChange? Check(HealthRule rule, Episode episode, int step)
    {
        if (rule.Check(history, options) is { } text)
        {
            episode.Seen = step;
            if (episode.Began is not null)
                return null;
            episode.Began = step;
            return new(new(rule.Name, rule.Severity, text, AdviceOn(rule)), Begins: true);
        }
        if (episode.Began is null || step - episode.Seen < options.Window)
            return null;
        episode.Began = null;
        return new(new(rule.Name, rule.Severity, rule.InShort, AdviceOn(rule)), Begins: false);
    }

    Finding FindingOf(HealthRule rule, MetricHistory values) =>
        new(rule.Name, rule.Severity, rule.Check(values, options) ?? rule.InShort, AdviceOn(rule));

    string AdviceOn(HealthRule rule) => Advice.GetValueOrDefault(rule.Name, rule.Advice);

    sealed class Episode
    {
        /// <summary>The step at which the finding began; null while there is none.</summary>
        public int? Began { get; set; }

        /// <summary>The last step at which it held.</summary>
        public int Seen { get; set; }
    }
}
