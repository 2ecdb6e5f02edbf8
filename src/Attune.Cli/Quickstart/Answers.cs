using Attune.Data;
using Attune.Generation;
using Attune.Models;
using Attune.Text;
using Attune.Torch;
using Attune.Training;

namespace Attune.Cli.Quickstart;

/// <summary>A prompt with what a model answered to it, as text without special tokens.</summary>
sealed record Answered(string Prompt, string[] Answers)
{
    const int PromptsAtOnce = 50;

    /// <summary>Lets a model answer a file of prompts.</summary>
    /// <param name="folder">The model.</param>
    /// <param name="prompts">The file.</param>
    /// <param name="samples">Answers to each prompt.</param>
    /// <param name="sampling">How they are drawn.</param>
    /// <param name="seed">The same seed gives the same answers, on any number of processors.</param>
    /// <param name="cancellation">Stops.</param>
    public static IReadOnlyList<Answered> Sample(string folder, string prompts, int samples, SamplingOptions sampling, int seed, CancellationToken cancellation)
    {
        var tokenizer = ModelFolder.Tokenizer(folder);
        var model = Pretrained.LoadLanguageModel(folder);
        var encoder = new TextEncoder(tokenizer, (int)model.Backbone.ContextLength);
        var parts = Dataset.Read(prompts).Cast<PromptOnly>()
            .Select(example => encoder.Prompt(example.Origin, example.Prompt, sampling.MaxNewTokens)).OfType<TokenPrompt>()
            .Chunk(PromptsAtOnce).Index().ToList();
        var answered = Workers.Run(Environment.ProcessorCount, parts, part =>
        {
            using var random = new RandomSource((ulong)(seed * 1000 + part.Index));
            var generator = new TextGenerator(model, tokenizer.PadId ?? 0, tokenizer.EosId);
            var answers = generator.Generate([.. part.Item.Select(prompt => prompt.Tokens)], sampling, random, samples, cancellation);
            return part.Item.Zip(answers.Chunk(samples), (prompt, own) => new Answered(prompt.Text, [.. own.Select(answer => Decode(tokenizer, answer))])).ToList();
        });
        model.Free();
        return [.. answered.SelectMany(part => part)];
    }

    static string Decode(Tokenizer tokenizer, Completion completion) => tokenizer.Decode(completion.Tokens, skipSpecialTokens: true);
}
