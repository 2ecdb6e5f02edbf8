using Attune.Data;
using Attune.Models;
using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
using Attune.Models.Heads;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;
using MathNet.Numerics.Statistics;

namespace Attune.Training.Rewards;

/// <summary>
/// Finds the shift and the scale that give a trained reward model's scores a level and a unit. On samples of the reference policy as
/// Ziegler et al. 2019, section 2.1, https://arxiv.org/abs/1909.08593; by demonstrations as Stiennon et al. 2020, https://arxiv.org/abs/2009.01325
/// </summary>
/// <param name="model">The reward model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="options">How.</param>
/// <param name="start">The folder that training starts from; empty for none.</param>
/// <param name="run">Gives seed and device, and is told what was found.</param>
public sealed class RewardNormalisation(RewardModel model, Tokenizer tokenizer, NormalisationOptions options, string start, Run run)
{
    const int PromptsAtOnce = 64;
    const double LeastDeviation = 1e-6;

    readonly TextEncoder encoder = new(tokenizer, (int)model.Backbone.ContextLength);
    readonly string policy = options.Policy.Length > 0 ? options.Policy : start;
    int[][] demonstrations = [];
    bool isWritten;

    /// <summary>Threads that score on a CPU.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Looks before training whether there is something to measure by after it.</summary>
    /// <exception cref="InvalidDataException">There is not.</exception>
    public void Check()
    {
        isWritten = options.By == NormalisedBy.Policy && CanWrite(policy);
        if (options.Policy.Length > 0 && !isWritten)
            throw new InvalidDataException($"normalise.policy: {policy} holds no model that writes answers; name one that does, or set normalise.by: answers");
        if (options.By == NormalisedBy.Demonstrations)
            demonstrations = [.. Dataset.Read(options.Demonstrations).SelectMany(encoder.EncodeForScoring)];
        if (options.By == NormalisedBy.Demonstrations && demonstrations.Length == 0)
            throw new InvalidDataException($"normalise.demonstrations: {options.Demonstrations} holds none");
    }

    /// <summary>Sets <see cref="RewardModel.Scale"/>.</summary>
    /// <param name="data">What was trained on.</param>
    /// <param name="cancellation">Stops.</param>
    public void Apply(IEnumerable<Example> data, CancellationToken cancellation)
    {
        if (options.By == NormalisedBy.None)
            return;
        var (what, heads) = options.By == NormalisedBy.Demonstrations ? ("demonstrations", Score(demonstrations))
            : isWritten ? ($"answers of {policy}", Written(data, cancellation))
            : ("answers of the data", Score(Draw([.. data.SelectMany(encoder.EncodeForScoring)])));
        if (heads.Length == 0)
        {
            run.Notice($"scores are not normalised: there are no {what} to measure");
            return;
        }
        model.Scale = Measure(heads, hasUnit: options.By != NormalisedBy.Demonstrations);
        run.Notice($"scores are normalised on {heads.Length} {what}: of the logits {Shown(model.Scale.Shift)} is taken, and the rest divided by {Shown(model.Scale.Scale)}");
    }

    /// <summary>Of each head the mean, and the deviation (divided by the number) or 1.</summary>
    static RewardScale Measure(double[][] heads, bool hasUnit)
    {
        double[][] columns = [.. Enumerable.Range(0, heads[0].Length).Select(head => heads.Select(row => row[head]).ToArray())];
        return new(
            [.. columns.Select(column => column.Average())],
            [.. columns.Select(column => hasUnit && column.PopulationStandardDeviation() is > LeastDeviation and var std ? std : 1)]);
    }

    /// <summary>Whether a folder holds a model that writes, and was not made to judge.</summary>
    static bool CanWrite(string folder)
    {
        if (folder.Length == 0)
            return false;
        var found = Pretrained.Describe(Peft.IsAdapter(folder) ? Peft.BaseFolder(folder) : folder);
        return found.Backbone.Kind != BackboneKind.Encoder && !found.ClassName.EndsWith("ForSequenceClassification", StringComparison.Ordinal);
    }

    double[][] Written(IEnumerable<Example> data, CancellationToken cancellation)
    {
        var writer = ModelFolder.LoadLanguageModel(policy, run.Device);
        var writers = ModelFolder.LoadTokenizer(policy);
        var context = (int)writer.Backbone.ContextLength;
        var sampling = options.Sampling with { MaxNewTokens = Math.Min(options.Sampling.MaxNewTokens, context / 2) };
        var prompts = new TextEncoder(writers, context, startToken: writer.Backbone.StartToken);
        TokenPrompt[] asked = Draw([.. data.Select(example => prompts.EncodePrompt(example, sampling.MaxNewTokens)).OfType<TokenPrompt>()]);
        var source = Source(writers, apart: writer.Backbone.Kind == BackboneKind.EncoderDecoder);
        using var random = new RandomSource((ulong)run.Seed, run.Device);
        using var noGrad = Autograd.NoGrad();
        var answering = new Policy(writer, writers, sampling);
        var heads = asked.Chunk(PromptsAtOnce).SelectMany(ScoreTogether).ToArray();
        writer.Free();
        return heads;

        double[][] ScoreTogether(TokenPrompt[] part)
        {
            using var scope = TensorScope.Open();
            return source.ScoreHeads(answering.Respond(part, random, cancellation: cancellation));
        }
    }

    double[][] Score(int[][] texts) => Source(tokenizer, apart: false).ScoreHeads(texts);

    RewardModelSource Source(Tokenizer writers, bool apart) => new(model, tokenizer, writers) { PolicyIsEncoderDecoder = apart, Workers = Workers };

    /// <summary>As many as are measured, drawn by the seed; again from the start where there are fewer.</summary>
    T[] Draw<T>(T[] all)
    {
        new Random(run.Seed).Shuffle(all);
        return all.Length == 0 ? [] : [.. Enumerable.Range(0, options.Samples).Select(at => all[at % all.Length])];
    }

    static string Shown(IReadOnlyList<double> numbers) => string.Join(", ", numbers.Select(number => $"{number:0.###}"));
}
