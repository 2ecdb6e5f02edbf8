using System.ComponentModel.DataAnnotations;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;
using Attune.Training.Options;

namespace Attune.Training.Recipes;

/// <summary>RL fine-tuning of a language model on comparisons of sampled responses: online DPO, XPO and Nash-MD.</summary>
public abstract record ComparisonRecipe : OnPolicyRecipe
{
    protected ComparisonRecipe()
    {
        Sampling = new() { Temperature = 0.9 };
        Kl = new() { Coef = 0.1, In = KlPlace.Loss };
        Optimizer = Optimizer with { LearningRate = 5e-7 };
        Rollout = new() { Correction = ImportanceCorrection.None };
    }

    protected override bool NeedsReference => true;

    protected override int ScoredTogether => HasOpponent ? 2 : base.ScoredTogether;

    /// <summary>Whether each response is compared with one that another policy samples.</summary>
    protected abstract bool HasOpponent { get; }

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var result in base.Validate(validationContext))
            yield return result;
        if (Kl.In != KlPlace.Loss)
            yield return Validation.Broken(Kl.In, "must be loss: β is part of the loss");
        if (Kl.Estimator == KlEstimator.Full)
            yield return Validation.Broken(Kl.Estimator, "must be k1, abs, k2 or k3: it changes what is logged, not the loss");
        if (HasOpponent && Updates.SamplesPerPrompt != 1)
            yield return Validation.Broken(
                Updates.SamplesPerPrompt, "must be 1: a response of the policy is compared with one that another policy samples");
    }

    /// <summary>The rules of a loss of DPO.</summary>
    /// <param name="losses">The options.</param>
    /// <param name="section">The property with the options.</param>
    protected IEnumerable<ValidationResult> ValidateLoss(DpoLossOptions losses, string section)
    {
        if (Kl.Coef == 0)
            yield return Validation.Broken(Kl.Coef, "must be above 0: it is β of the loss");
        if (Rollout.Correction != ImportanceCorrection.None)
            yield return new(
                "must be none: a loss of pairs has no importance ratio", [$"{nameof(Rollout)}.{nameof(Rollout.Correction)}"]);
        if (losses.Loss.Any(loss => DpoLosses.All[loss] is { ComparesPairs: true } or { IsTokenMean: true }))
            yield return new(
                "must be losses of single pairs: not " + DpoLosses.Names(row => row.ComparesPairs || row.IsTokenMean),
                [$"{section}.{nameof(losses.Loss)}"]);
    }
}
