using System.Text.Json.Nodes;
using Attune.Data;
using Attune.Generation;
using Attune.Quickstart;
using Attune.Reporting.Files;

namespace Attune.Cli.Quickstart;

/// <summary>Samples four responses to every prompt and has a simulated guest rank them, with the noise of human annotators.</summary>
sealed class GuestRankings(SimulatedGuest guest, SamplingOptions sampling, int seed)
{
    const int ResponsesPerPrompt = 4;

    /// <summary>Writes rankings of the model's responses to a file, atomically. Does nothing if the file exists.</summary>
    public void Write(string model, string prompts, string file, CancellationToken cancellation)
    {
        if (File.Exists(file))
            return;
        var random = new Random(seed);
        AtomicWrite.File(file, unfinished =>
        {
            using var writer = File.CreateText(unfinished);
            foreach (var generated in SampledResponses.Sample(model, prompts, ResponsesPerPrompt, sampling, seed, cancellation))
            {
                var ranks = guest.Rank(generated.Prompt, generated.Responses, random);
                writer.WriteLine(Json(generated, ranks).ToJsonString(JsonText.Readable));
            }
        });
    }

    /// <summary>
    /// The expected share of pairs that a noisy ranking orders as the taste without noise: the ceiling of a reward model's accuracy.
    /// </summary>
    public double Ceiling(string file) =>
        Dataset.Read(file).Cast<ComparisonExample>().Average(example => guest.NoisyAgreement(example.Prompt, example.Completions));

    static JsonObject Json(GeneratedResponses generated, int[] ranks)
    {
        var line = generated.ToJson();
        line["ranks"] = new JsonArray([.. ranks.Select(rank => (JsonNode)rank)]);
        return line;
    }
}
