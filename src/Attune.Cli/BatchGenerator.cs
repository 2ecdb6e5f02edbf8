using System.Text.Json.Nodes;
using Attune.Data;
using Attune.Generation;
using Attune.Models;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Parameters;
using Attune.Training.Policies;

namespace Attune.Cli;

/// <summary>A prompt with what a model answered to it, as text without special tokens.</summary>
sealed record GeneratedResponses(string Prompt, string[] Responses)
{
    /// <summary>The line of a file: <c>prompt</c>, <c>completions</c>.</summary>
    public JsonObject ToJson() => new()
    {
        ["prompt"] = Prompt,
        ["completions"] = new JsonArray([.. Responses.Select(answer => (JsonNode)answer)]),
    };
}

/// <summary>A model that is asked.</summary>
/// <param name="model">The model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="sampling">How answers are drawn.</param>
/// <param name="samples">Answers to each prompt.</param>
/// <param name="cancellation">Stops.</param>
sealed class BatchGenerator(LanguageModel model, Tokenizer tokenizer, SamplingOptions sampling, int samples, CancellationToken cancellation)
{
    readonly TextEncoder encoder = new(tokenizer, (int)model.Backbone.ContextLength, startToken: model.Backbone.StartToken);
    readonly int room = Math.Min(sampling.MaxNewTokens, (int)model.Backbone.ContextLength / 2);
    readonly SamplingOptions sampling = sampling.InTokens(model, tokenizer);

    /// <summary>How answers are searched for; null where they are drawn.</summary>
    public BeamOptions? Beams { get; init; }

    /// <summary>What was done to prompts that are too long, in words.</summary>
    public IEnumerable<string> Notices => encoder.Notices;

    /// <summary>The prompts of a file.</summary>
    /// <exception cref="InvalidDataException">A line has no prompt.</exception>
    public IReadOnlyList<TokenPrompt> Read(string file) => [.. Dataset.Read(file).Select(example => Expect(encoder.EncodePrompt(example, room), example.Origin))];

    /// <summary>A prompt in tokens, cut so that an answer has room.</summary>
    /// <exception cref="InvalidDataException">It is empty.</exception>
    public TokenPrompt Encode(Origin origin, string prompt) => Expect(encoder.EncodePrompt(origin, prompt, room), origin);

    /// <summary>Answers some prompts together.</summary>
    /// <param name="prompts">In tokens.</param>
    /// <param name="random">Draws.</param>
    /// <param name="onToken">Sees each token as it is drawn; of one prompt and one sample only.</param>
    public IReadOnlyList<GeneratedResponses> Generate(IReadOnlyList<TokenPrompt> prompts, RandomSource random, Action<int>? onToken = null)
    {
        var eosIds = ModelFolder.EosIds(model, tokenizer);
        int[][] tokens = [.. prompts.Select(prompt => prompt.Tokens)];
        var answers = Beams is null ? Draw() : Search(Beams);
        return [.. prompts.Zip(answers.Chunk(samples), (prompt, own) => new GeneratedResponses(prompt.Text, [.. own.Select(Decode)]))];

        IEnumerable<int[]> Draw() => new TextGenerator(model, tokenizer.FillId, eosIds) { OnToken = onToken }
            .Generate(tokens, sampling, random, samples, cancellation).Select(drawn => drawn.Tokens);

        IEnumerable<int[]> Search(BeamOptions beams) => new BeamSearch(model, tokenizer.FillId, eosIds)
            .Search(tokens, beams, sampling, cancellation).Select(found => found.Tokens);
    }

    string Decode(int[] answer) => tokenizer.Decode(answer, skipSpecialTokens: true);

    static TokenPrompt Expect(TokenPrompt? prompt, Origin origin) => prompt ?? throw new InvalidDataException($"{origin}: the prompt is empty");
}
