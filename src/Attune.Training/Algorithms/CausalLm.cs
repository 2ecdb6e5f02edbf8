using Attune.Data;
using Attune.Models;
using Attune.Text;
using Attune.Training.Estimation;
using Attune.Training.Offline;

namespace Attune.Training.Algorithms;

/// <summary>
/// Pretraining: predict every token of every document from those before it. Radford et al. 2018, eq. 1, "Improving Language
/// Understanding by Generative Pre-Training". Departures: (1) documents packed into one row do not attend to each other, and the
/// positions of each start at 0.
/// </summary>
public static class CausalLm
{
    public static IObjective<TokenRow> Objective(LanguageModel model, Tokenizer tokenizer, PretrainOptions options) =>
        new NextToken(model, tokenizer, (logits, targets) => CrossEntropy.Smoothed(logits, targets, options.LabelSmoothing));
}
