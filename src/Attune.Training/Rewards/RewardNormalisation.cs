using Attune.Data;
using Attune.Models;
using Attune.Models.Backbones;
using Attune.Models.Heads;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;
using MathNet.Numerics.Statistics;

namespace Attune.Training.Rewards;

/// <summary>
/// Measures the shift and the scale of a trained reward model's scores: on samples of the reference policy, Ziegler et al. 2019, section
/// 2.1, https://arxiv.org/abs/1909.08593; or on demonstrations, Stiennon et al. 2020, https://arxiv.org/abs/2009.01325
/// </summary>
/// <param name="model">The reward model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="options">What is measured.</param>
/// <param name="start">The folder that training starts from; empty for none.</param>
/// <param name="run">Gives the seed and the device, and shows the notices.</param>
public sealed class RewardNormalisation(RewardModel model, Tokenizer tokenizer, NormalisationOptions options, string start, Run run)
{
    /// <summary>The most examples of the data of which some are drawn.</summary>
    const int MostExamples = 20_000;

    const int PromptsAtOnce = 64;
    const double MinStd = 1e-6;

    readonly TextEncoder encoder = tokenizer.NewSequenceEncoder(model.Backbone);
    readonly string policy = options.Policy.Length > 0 ? options.Policy : start;
    int[][] demonstrations = [];
    bool fromPolicy;

    /// <summary>How many batches are scored in parallel on a CPU.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Checks before training that the measurement after it will be possible.</summary>
    /// <exception cref="InvalidDataException">It will not be.</exception>
    public void Check()
    {
        fromPolicy = options.By == NormalisedBy.Policy && CanGenerate(policy);
        if (options.Policy.Length > 0 && !fromPolicy)
            throw new InvalidDataException(
                $"`normalise.policy` must be a folder with a model that can generate text (was {policy}); or set normalise.by to answers.");
        if (options.By == NormalisedBy.Demonstrations)
        {
            var reading = new ReadOptions { Reader = "normalise.demonstrations", Notice = run.Notice };
            demonstrations = [.. Dataset.Read(options.Demonstrations, reading).SelectMany(encoder.EncodeForScoring)];
        }
        if (options.By == NormalisedBy.Demonstrations && demonstrations.Length == 0)
            throw new InvalidDataException(
                $"`normalise.demonstrations` must have at least one demonstration ({options.Demonstrations} has none).");
    }

    /// <summary>Sets <see cref="RewardModel.Scale"/>.</summary>
    /// <param name="data">The training data.</param>
    /// <param name="cancellation">Stops the sampling.</param>
    public void Apply(IEnumerable<Example> data, CancellationToken cancellation)
    {
        if (options.By == NormalisedBy.None)
            return;
        data = Sample(data);
        var (what, heads) = options.By == NormalisedBy.Demonstrations ? ("demonstrations", Score(demonstrations))
            : fromPolicy ? ($"responses of {policy}", ScorePolicy(data, cancellation))
            : ("responses of the data", Score(Draw([.. data.SelectMany(encoder.EncodeForScoring)])));
        if (heads.Length == 0)
        {
            run.Notice($"scores are not normalised: there are no {what} to measure");
            return;
        }
        model.Scale = Measure(heads, scaled: options.By != NormalisedBy.Demonstrations);
        run.Notice(
            $"scores are normalised on {heads.Length} {what}: score = (logit − shift) / scale with shift {Shown(model.Scale.Shift)} "
            + $"and scale {Shown(model.Scale.Scale)}");
    }

    /// <summary>
    /// At most <see cref="MostExamples"/> examples, drawn in one pass, so that large data is not kept in memory: algorithm R, Vitter 1985,
    /// https://doi.org/10.1145/3147.3165
    /// </summary>
    List<Example> Sample(IEnumerable<Example> data)
    {
        var (kept, seen, random) = (new List<Example>(), 0, new Random(run.Seed));
        foreach (var example in data)
        {
            seen++;
            if (kept.Count < MostExamples)
                kept.Add(example);
            else if (random.Next(seen) is var place && place < kept.Count)
                kept[place] = example;
        }
        return kept;
    }

    /// <summary>The mean of each head, and its population standard deviation or 1.</summary>
    static RewardScale Measure(double[][] heads, bool scaled)
    {
        double[][] columns = [.. Enumerable.Range(0, heads[0].Length).Select(head => heads.Select(row => row[head]).ToArray())];
        return new(
            [.. columns.Select(column => column.Average())],
            [.. columns.Select(column => scaled && column.PopulationStandardDeviation() is > MinStd and var std ? std : 1)]);
    }

    /// <summary>Whether a folder has a model that can generate text: no encoder, and no sequence classifier.</summary>
    static bool CanGenerate(string folder)
    {
        if (folder.Length == 0)
            return false;
        var found = ModelFolder.Describe(folder);
        return found.Backbone.Kind != BackboneKind.Encoder
            && !found.ClassName.EndsWith("ForSequenceClassification", StringComparison.Ordinal);
    }

    double[][] ScorePolicy(IEnumerable<Example> data, CancellationToken cancellation)
    {
        var policyModel = ModelFolder.LoadLanguageModel(policy, run.Device);
        var policyTokenizer = ModelFolder.LoadTokenizer(policy, run);
        var context = (int)policyModel.Backbone.ContextLength;
        var sampling = options.Sampling with { MaxNewTokens = Math.Min(options.Sampling.MaxNewTokens, context / 2) };
        var prompts = policyTokenizer.NewEncoder(policyModel.Backbone);
        TokenPrompt[] sampled =
            Draw([.. data.Select(example => prompts.EncodePrompt(example, sampling.MaxNewTokens)).OfType<TokenPrompt>()]);
        var source = Source(policyTokenizer, encoderDecoder: policyModel.Backbone.Kind == BackboneKind.EncoderDecoder);
        using var random = new RandomSource((ulong)run.Seed, run.Device);
        using var noGrad = Autograd.NoGrad();
        var sampler = new Policy(policyModel, policyTokenizer, sampling);
        var heads = sampled.Chunk(PromptsAtOnce).SelectMany(ScoreTogether).ToArray();
        policyModel.Free();
        return heads;

        double[][] ScoreTogether(TokenPrompt[] part)
        {
            using var scope = TensorScope.Open();
            return source.ScoreHeads(sampler.Respond(part, random, cancellation: cancellation));
        }
    }

    double[][] Score(int[][] texts) => Source(tokenizer, encoderDecoder: false).ScoreHeads(texts);

    RewardModelSource Source(Tokenizer policyTokenizer, bool encoderDecoder) =>
        new(model, tokenizer, policyTokenizer) { PolicyIsEncoderDecoder = encoderDecoder, Workers = Workers };

    /// <summary>As many as are measured, drawn by the seed; repeated where there are fewer.</summary>
    T[] Draw<T>(T[] all)
    {
        new Random(run.Seed).Shuffle(all);
        return all.Length == 0 ? [] : [.. Enumerable.Range(0, options.Samples).Select(i => all[i % all.Length])];
    }

    static string Shown(IReadOnlyList<double> numbers) => string.Join(", ", numbers.Select(number => $"{number:0.###}"));
}
