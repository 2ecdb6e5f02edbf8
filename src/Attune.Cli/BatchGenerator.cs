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
    /// <summary>The score of the response that was chosen among several; null where all are kept.</summary>
    public double? Score { get; init; }

    /// <summary>
    /// A line of JSONL with <c>prompt</c> and <c>completions</c>; for a chosen response <c>completion</c> and <c>score</c>.
    /// </summary>
    public JsonObject ToJson() => Score is { } score
        ? new() { ["prompt"] = Prompt, ["completion"] = Responses[0], ["score"] = score }
        : new()
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
    readonly TextEncoder encoder = tokenizer.NewEncoder(model.Backbone);
    readonly int context = (int)model.Backbone.ContextLength;
    readonly int responseTokens = Math.Min(sampling.MaxNewTokens, (int)model.Backbone.ContextLength / 2);
    readonly SamplingOptions sampling = sampling.InTokens(model, tokenizer);
    readonly IReadOnlyList<int> eosIds = ModelFolder.EosIds(model, tokenizer);
    int generated;
    int empty;
    int cut;

    /// <summary>Options of beam search; null to sample.</summary>
    public BeamOptions? Beams { get; init; }

    /// <summary>
    /// Scores the responses to prompts: only the one with the highest score is kept of each prompt's. Null to keep all.
    /// </summary>
    public Func<IReadOnlyList<TokenPrompt>, IReadOnlyList<Response>, double[]>? Score { get; init; }

    /// <summary>Whether the user set <c>--max-new-tokens</c>: a notice then reports that it exceeds the context.</summary>
    public bool SetsMaxNewTokens { get; init; }

    /// <summary>How plain texts become prompts.</summary>
    public PromptFormat Format { get; init; } = new(tokenizer);

    /// <summary>Notices about prompts that were truncated, and about responses that are empty or were cut.</summary>
    public IEnumerable<string> Notices
    {
        get
        {
            foreach (var notice in encoder.Notices)
                yield return notice;
            if (SetsMaxNewTokens && sampling.MaxNewTokens > context)
                yield return $"--max-new-tokens {sampling.MaxNewTokens} is more than the model's context of {context} tokens, "
                    + "which a prompt and its response share";
            if (cut > 0)
                yield return $"{Share(cut)} before --max-new-tokens {sampling.MaxNewTokens}, because the model's context of {context} "
                    + "tokens is full";
            if (empty > 0)
                yield return generated == 1
                    ? "the response is empty: the model ended it with its first token"
                    : $"{empty} of {generated} responses are empty: the model ended them at once";
        }
    }

    string Share(int count) => generated == 1 ? "the response ends" : $"{count} of {generated} responses end";

    /// <summary>The prompts of a file.</summary>
    /// <exception cref="InvalidDataException">A line has no prompt.</exception>
    public IReadOnlyList<TokenPrompt> Read(string file, ReadOptions? options = null) => [.. Dataset.Read(file, options).Select(Encode)];

    /// <summary>Encodes a prompt, truncated so that a response fits in the context.</summary>
    /// <exception cref="InvalidDataException">The prompt is empty.</exception>
    public TokenPrompt Encode(Origin origin, string prompt) => Encode(new PromptOnly(origin, prompt));

    /// <summary>Encodes a prompt. The text of a plain prompt is kept as it is in the file, without what the chat template adds.</summary>
    TokenPrompt Encode(Example example)
    {
        var plain = PromptFormat.TextOf(example);
        if ((Format.UsesTemplate && plain?.Length == 0) || encoder.EncodePrompt(Format.Apply(example), responseTokens) is not { } prompt)
            throw new InvalidDataException($"{example.Origin}: the prompt is empty");
        return Format.UsesTemplate && plain is not null ? prompt with { Text = plain } : prompt;
    }

    /// <summary>Generates responses to a batch of prompts.</summary>
    /// <param name="prompts">Encoded prompts.</param>
    /// <param name="random">The random source of sampling.</param>
    /// <param name="onToken">Called with each token as it is sampled; for one prompt and one response only.</param>
    public IReadOnlyList<GeneratedResponses> Generate(IReadOnlyList<TokenPrompt> prompts, RandomSource random, Action<int>? onToken = null)
    {
        int[][] tokens = [.. prompts.Select(prompt => prompt.Tokens)];
        var responses = (Beams is null ? Sample() : Search(Beams)).ToList();
        generated += responses.Count;
        cut += responses.Count(response => !response.Ended && response.Tokens.Length < sampling.MaxNewTokens);
        var groups = prompts.Zip(responses.Chunk(samples));
        return Score is null
            ? [.. groups.Select(group => new GeneratedResponses(group.First.Text, [.. group.Second.Select(Decode)]))]
            : [.. groups.Zip(Score(prompts, responses).Chunk(samples), (group, scores) => Best(group.First, group.Second, scores))];

        IEnumerable<Response> Sample() => new TextGenerator(model, tokenizer.FillId, eosIds)
        {
            OnToken = onToken,
            FindStopString = StopStrings.Finder(tokenizer, sampling.Stop),
        }.Generate(tokens, sampling, random, samples, cancellation);

        IEnumerable<Response> Search(BeamOptions beams) => new BeamSearch(model, tokenizer.FillId, eosIds)
            .Search(tokens, beams, sampling, cancellation)
            .Select(found => new Response(found.Tokens, [], [], Ended: found.Tokens.Length > 0 && eosIds.Contains(found.Tokens[^1])));
    }

    GeneratedResponses Best(TokenPrompt prompt, Response[] responses, double[] scores)
    {
        var best = Enumerable.Range(0, scores.Length).MaxBy(i => scores[i]);
        return new(prompt.Text, [Decode(responses[best])]) { Score = scores[best] };
    }

    string Decode(Response response)
    {
        var text = tokenizer.TextOf(response);
        empty += string.IsNullOrWhiteSpace(text) ? 1 : 0;
        return text;
    }
}
