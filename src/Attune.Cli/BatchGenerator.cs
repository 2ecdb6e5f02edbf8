using System.Text.Json.Nodes;
using Attune.Data;
using Attune.Generation;
using Attune.Models;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Parameters;
using Attune.Training.Policies;

namespace Attune.Cli;

/// <summary>A prompt and its responses, as text without special tokens.</summary>
sealed record GeneratedResponses(string Prompt, string[] Responses)
{
    /// <summary>A line of JSONL with <c>prompt</c> and <c>completions</c>.</summary>
    public JsonObject ToJson() => new()
    {
        ["prompt"] = Prompt,
        ["completions"] = new JsonArray([.. Responses.Select(response => (JsonNode)response)]),
    };
}

/// <summary>Generates responses to prompts in batches.</summary>
/// <param name="model">The model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="sampling">How responses are sampled.</param>
/// <param name="samples">Responses to each prompt.</param>
/// <param name="cancellation">Stops generation.</param>
sealed class BatchGenerator(LanguageModel model, Tokenizer tokenizer, SamplingOptions sampling, int samples, CancellationToken cancellation)
{
    readonly TextEncoder encoder = new(tokenizer, (int)model.Backbone.ContextLength, startToken: model.Backbone.StartToken);
    readonly int responseTokens = Math.Min(sampling.MaxNewTokens, (int)model.Backbone.ContextLength / 2);
    readonly SamplingOptions sampling = sampling.InTokens(model, tokenizer);

    /// <summary>Options of beam search; null to sample.</summary>
    public BeamOptions? Beams { get; init; }

    /// <summary>Notices about prompts that were truncated.</summary>
    public IEnumerable<string> Notices => encoder.Notices;

    /// <summary>The prompts of a file.</summary>
    /// <exception cref="InvalidDataException">A line has no prompt.</exception>
    public IReadOnlyList<TokenPrompt> Read(string file) =>
        [.. Dataset.Read(file).Select(example => RequireTokens(encoder.EncodePrompt(example, responseTokens), example.Origin))];

    /// <summary>Encodes a prompt, truncated so that a response fits in the context.</summary>
    /// <exception cref="InvalidDataException">The prompt is empty.</exception>
    public TokenPrompt Encode(Origin origin, string prompt) => RequireTokens(encoder.EncodePrompt(origin, prompt, responseTokens), origin);

    /// <summary>Generates responses to a batch of prompts.</summary>
    /// <param name="prompts">Encoded prompts.</param>
    /// <param name="random">The random source of sampling.</param>
    /// <param name="onToken">Called with each token as it is sampled; for one prompt and one response only.</param>
    public IReadOnlyList<GeneratedResponses> Generate(IReadOnlyList<TokenPrompt> prompts, RandomSource random, Action<int>? onToken = null)
    {
        var eosIds = ModelFolder.EosIds(model, tokenizer);
        int[][] tokens = [.. prompts.Select(prompt => prompt.Tokens)];
        var responses = Beams is null ? Sample() : Search(Beams);
        return [.. prompts.Zip(
            responses.Chunk(samples),(prompt, chunk) => new GeneratedResponses(prompt.Text, [.. chunk.Select(Decode)]))];

        IEnumerable<int[]> Sample() => new TextGenerator(model, tokenizer.FillId, eosIds) { OnToken = onToken }
            .Generate(tokens, sampling, random, samples, cancellation).Select(response => response.Tokens);

        IEnumerable<int[]> Search(BeamOptions beams) => new BeamSearch(model, tokenizer.FillId, eosIds)
            .Search(tokens, beams, sampling, cancellation).Select(response => response.Tokens);
    }

    string Decode(int[] response) => tokenizer.Decode(response, skipSpecialTokens: true);

    static TokenPrompt RequireTokens(TokenPrompt? prompt, Origin origin) =>
        prompt ?? throw new InvalidDataException($"{origin}: the prompt is empty");
}
