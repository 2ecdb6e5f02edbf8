using Attune.Data;
using Attune.Models;
using Attune.Text;
using Attune.Training.Estimation;
using Attune.Training.Offline;

namespace Attune.Training.Algorithms;

/// <summary>
/// Span corruption, the pretraining of an encoder–decoder: generate the masked spans of a text. Raffel et al. 2020, section 3.3,
/// https://arxiv.org/abs/1910.10683. Departures: (1) documents are not packed, and one that is longer than a row is cut; (2) the
/// spans of a text are drawn again at each visit.
/// </summary>
public static class SpanDenoising
{
    /// <exception cref="InvalidDataException">The tokenizer has no sentinels.</exception>
    public static IObjective<TokenRow> Objective(LanguageModel model, Tokenizer tokenizer, PretrainOptions options, int seed)
    {
        var spans = new SpanCorruption(options.Spans, Sentinels(tokenizer), model.Backbone.StartToken!.Value, tokenizer.EosId!.Value);
        return new NextToken(model, tokenizer, (logits, targets) => CrossEntropy.Smoothed(logits, targets, options.LabelSmoothing))
        {
            Augment = (row, number) => spans.Corrupt(row.Tokens, seed, number),
        };
    }

    /// <summary>The tokens <c>&lt;extra_id_0&gt;</c>, <c>&lt;extra_id_1&gt;</c> …</summary>
    static IReadOnlyList<int> Sentinels(Tokenizer tokenizer)
    {
        int[] sentinels =
        [
            .. Enumerable.Range(0, tokenizer.VocabularySize).Select(index => tokenizer.TokenToId($"<extra_id_{index}>"))
                .TakeWhile(id => id is not null).Select(id => id!.Value),
        ];
        return sentinels.Length > 0
            ? sentinels
            : throw new InvalidDataException(
                "the tokenizer has no tokens <extra_id_0>, <extra_id_1> …, which replace masked spans; use the tokenizer of a T5 model, "
                + "or train one (tokenizer.kind: unigram)");
    }
}
