using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Heads;

/// <summary>
/// The heads that ILQL adds to a language model: one or two Q heads, a frozen target of each, and a value head. Their parameters have the
/// names of trlX's checkpoints, such as <c>ilql_heads.q_heads.0.0.weight</c>. Snell et al. 2022, https://arxiv.org/abs/2206.11871
/// </summary>
public sealed class IlqlHeads
{
    /// <summary>The prefix of the names of their parameters.</summary>
    internal const string Prefix = "ilql_heads.";

    /// <summary>How trlX generates by default; it does not save it with the model.</summary>
    static readonly AdvantageShift TrlxDefaults = new(Beta: 1, TopK: 20);

    const string ValueName = $"{Prefix}v_head";

    IlqlHeads(IReadOnlyList<MlpHead> q, IReadOnlyList<MlpHead> targetQ, MlpHead value) => (Q, TargetQ, Value) = (q, targetQ, value);

    /// <summary>(…, D) → (…, V): the expected return of each token as the next one.</summary>
    public IReadOnlyList<MlpHead> Q { get; }

    /// <summary>Slowly moving copies of <see cref="Q"/>, which no optimizer changes.</summary>
    public IReadOnlyList<MlpHead> TargetQ { get; }

    /// <summary>(…, D) → (…): the expected return.</summary>
    public MlpHead Value { get; }

    /// <summary>The parameters of the target heads with their names in a checkpoint.</summary>
    public IEnumerable<(string Name, Parameter Value)> TargetParameters =>
        TargetQ.SelectMany((head, i) => head.NamedParameters().Select(own => ($"{TargetName(i)}.{own.Name}", own.Value)));

    /// <summary>The heads that a model has; null for a model without them.</summary>
    public static IlqlHeads? Of(LanguageModel model)
    {
        var (q, targetQ) = (Named(model, QName), Named(model, TargetName));
        return q.Count > 0 && q.Count == targetQ.Count && model.Heads.GetValueOrDefault(ValueName) is MlpHead value
            ? new(q, targetQ, value)
            : null;
    }

    /// <summary>
    /// The heads that a model has, or new ones where it has none or another number of Q heads. New target heads equal the Q heads.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="twoQs">Whether there are two Q heads, of which the smaller value counts, or one.</param>
    /// <param name="random">Draws the weights, on the model's device.</param>
    public static IlqlHeads AddTo(LanguageModel model, bool twoQs, RandomSource random)
    {
        var count = twoQs ? 2 : 1;
        if (Of(model) is { } known && known.Q.Count == count)
            return known;
        RemoveFrom(model);
        var (width, vocabulary) = (model.Backbone.Width, model.Backbone.VocabularySize);
        model.AddHead(ValueName, new MlpHead(width, 1)).Initialize(random);
        for (var i = 0; i < count; i++)
        {
            var q = model.AddHead(QName(i), new MlpHead(width, vocabulary));
            q.Initialize(random);
            model.AddHead(TargetName(i), new MlpHead(width, vocabulary) { IsFrozen = true }).CopyFrom(q);
        }
        return Of(model)!;
    }

    /// <summary>
    /// Adds the heads of a checkpoint that trlX wrote, whose config.json does not describe them, without allocating their memory. Does
    /// nothing if the model already has heads of ILQL.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="tensors">The names of the checkpoint's tensors.</param>
    internal static void AddFrom(LanguageModel model, IEnumerable<string> tensors)
    {
        var found = tensors.Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(name => string.Join('.', name.Split('.').SkipLast(2))).ToHashSet(StringComparer.Ordinal);      // without .0.weight
        if (found.Count == 0 || model.Heads.Keys.Any(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
            return;
        var (width, vocabulary) = (model.Backbone.Width, model.Backbone.VocabularySize);
        model.AddHead(ValueName, new MlpHead(width, 1));
        for (var i = 0; i < 2 && found.Contains(QName(i)); i++)
        {
            model.AddHead(QName(i), new MlpHead(width, vocabulary));
            model.AddHead(TargetName(i), new MlpHead(width, vocabulary) { IsFrozen = true });
        }
        model.Advantage = Of(model) is null ? null : TrlxDefaults;
    }

    /// <summary>Removes the heads, and the settings to generate with them.</summary>
    /// <returns>Whether the model had them.</returns>
    public static bool RemoveFrom(LanguageModel model)
    {
        model.Advantage = null;
        var names = model.Heads.Keys.Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).ToList();
        names.ForEach(model.RemoveHead);
        return names.Count > 0;
    }

    /// <summary>(…, D) hidden states → (…, V): the smallest target Q value of each token, without a gradient.</summary>
    public Tensor MinTargetQ(Tensor hidden)
    {
        using var noGrad = Autograd.NoGrad();
        return TargetQ.Select(head => head.Forward(hidden)).Aggregate(Tensor.Minimum);
    }

    /// <summary>Moves the target heads towards the Q heads: target ← α Q + (1 − α) target.</summary>
    public void Sync(double alpha)
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        foreach (var (q, target) in Q.Zip(TargetQ))
            foreach (var (leader, own) in q.Parameters.Zip(target.Parameters))
                own.Value.LerpInPlace(leader.Value, alpha);
    }

    static string QName(int i) => $"{Prefix}q_heads.{i}";

    static string TargetName(int i) => $"{Prefix}target_q_heads.{i}";

    static List<MlpHead> Named(LanguageModel model, Func<int, string> name) =>
        [.. Enumerable.Range(0, 2).Select(i => model.Heads.GetValueOrDefault(name(i))).OfType<MlpHead>()];
}
