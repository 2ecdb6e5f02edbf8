using System.Text.Json.Nodes;
using Attune.Data;
using Attune.Generation;
using Attune.Quickstart;
using Attune.Reporting.Files;

namespace Attune.Cli.Quickstart;

/// <summary>Lets a model answer every prompt four times and a simulated guest rank the answers, with noise as people have.</summary>
sealed class GuestRankings(SimulatedGuest guest, SamplingOptions sampling, int seed)
{
    const int AnswersPerPrompt = 4;

    /// <summary>Writes rankings of answers by the model to a file, whole or not at all; leaves a file that is there.</summary>
    public void Write(string model, string prompts, string file, CancellationToken cancellation)
    {
        if (File.Exists(file))
            return;
        var random = new Random(seed);
        AtomicWrite.File(file, unfinished =>
        {
            using var writer = File.CreateText(unfinished);
            foreach (var answered in SampledAnswers.Draw(model, prompts, AnswersPerPrompt, sampling, seed, cancellation))
                writer.WriteLine(Json(answered, guest.Rank(answered.Prompt, answered.Responses, random)).ToJsonString(JsonText.Readable));
        });
    }

    /// <summary>The share of pairs that a ranking is expected to order as the guest's taste without noise does: what a reward model can reach.</summary>
    public double Ceiling(string file) =>
        Dataset.Read(file).Cast<ComparisonExample>().Average(ranking => guest.NoisyAgreement(ranking.Prompt, ranking.Completions));

    static JsonObject Json(GeneratedResponses answered, int[] ranks)
    {
        var line = answered.ToJson();
        line["ranks"] = new JsonArray([.. ranks.Select(rank => (JsonNode)rank)]);
        return line;
    }
}
