using System.Text.Json.Nodes;
using Attune.Data;
using Attune.Data.Simulation;
using Attune.Generation;
using Attune.Models;
using Attune.Torch;
using Attune.Training;

namespace Attune.Cli.Quickstart;

/// <summary>Lets a model answer every prompt four times and a simulated guest rank the answers, with the noise of a person.</summary>
sealed class GuestRankings(SimulatedGuest guest, int seed)
{
    const int AnswersPerPrompt = 4;

    /// <summary>Writes rankings of answers by the model to a file; does nothing when the file is there.</summary>
    /// <returns>The share of pairs that the ranking orders as the guest's noise-free taste would on average: what a reward model can reach.</returns>
    public double Write(string modelFolder, string prompts, string file, SamplingOptions sampling, CancellationToken cancellation)
    {
        if (!File.Exists(file))
            WriteNew(modelFolder, prompts, file, sampling, cancellation);
        return Dataset.Read(file).Cast<Ranking>().Average(ranking => guest.NoisyAgreement(ranking.Prompt, ranking.Completions));
    }

    void WriteNew(string modelFolder, string prompts, string file, SamplingOptions sampling, CancellationToken cancellation)
    {
        var answers = Answers.Sample(modelFolder, prompts, sampling, AnswersPerPrompt, seed, cancellation);
        var random = new Random(seed);
        var unfinished = file + ".unfinished";
        using (var writer = File.CreateText(unfinished))
            foreach (var (prompt, completions) in answers)
                writer.WriteLine(ToJson(prompt, completions, guest.Rank(prompt, completions, random)).ToJsonString(JsonText.Readable));
        File.Move(unfinished, file);
    }

    static JsonObject ToJson(string prompt, string[] completions, int[] ranks) => new()
    {
        ["prompt"] = prompt,
        ["completions"] = new JsonArray([.. completions.Select(completion => (JsonNode)completion)]),
        ["ranks"] = new JsonArray([.. ranks.Select(rank => (JsonNode)rank)]),
    };
}

/// <summary>What a model answers to a file of prompts.</summary>
static class Answers
{
    /// <summary>Every prompt with its answers, as text without special tokens.</summary>
    public static IReadOnlyList<(string Prompt, string[] Completions)> Sample(
        string modelFolder, string promptFile, SamplingOptions sampling, int samples, int seed, CancellationToken cancellation)
    {
        var tokenizer = ModelFolder.Tokenizer(modelFolder);
        var model = Pretrained.LoadLanguageModel(modelFolder);
        using var random = new RandomSource((ulong)seed);
        var encoder = new TextEncoder(tokenizer, (int)model.Backbone.ContextLength);
        var prompts = Dataset.Read(promptFile).Cast<PromptOnly>()
            .Select(example => encoder.Prompt(example.Origin, example.Prompt, sampling.MaxNewTokens)!).ToList();
        var generator = new TextGenerator(model, tokenizer.PadId ?? 0, tokenizer.EosId);
        var completions = generator.Generate([.. prompts.Select(prompt => prompt.Tokens)], sampling, random, samples, cancellation);
        model.Free();
        return [.. prompts.Zip(completions.Chunk(samples), (prompt, answers) =>
            (prompt.Text, answers.Select(answer => tokenizer.Decode(answer.Tokens, skipSpecialTokens: true)).ToArray()))];
    }
}
