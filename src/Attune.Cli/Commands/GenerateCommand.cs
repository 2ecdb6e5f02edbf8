using System.CommandLine;
using System.Text.Json.Nodes;
using Attune.Data;
using Attune.Generation;
using Attune.Models;
using Attune.Text;
using Attune.Torch;
using Attune.Training;

namespace Attune.Cli.Commands;

/// <summary><c>attune generate MODEL [PROMPT]</c>: answers to one prompt as text, or to a file of prompts as JSONL.</summary>
static class GenerateCommand
{
    static readonly Argument<string> Model = new("model") { Description = "A model folder" };
    static readonly Argument<string?> Prompt = new("prompt") { Description = "A prompt", Arity = ArgumentArity.ZeroOrOne };
    static readonly Option<string?> Prompts = new("--prompts") { Description = "A file of prompts instead" };
    static readonly Option<string?> Output = new("--output") { Description = "A JSONL file to write; standard output without it" };
    static readonly Option<int> Samples = new("--samples") { Description = "Answers to each prompt", DefaultValueFactory = _ => 1 };
    static readonly Option<int> MaxNewTokens = new("--max-new-tokens") { Description = "The longest answer", DefaultValueFactory = _ => 128 };
    static readonly Option<double> Temperature = new("--temperature") { Description = "Below 1 safer, above wilder, 0 greedy", DefaultValueFactory = _ => 1 };
    static readonly Option<int> TopK = new("--top-k") { Description = "Only the k likeliest tokens; 0 for all" };
    static readonly Option<double> TopP = new("--top-p") { Description = "Only the likeliest tokens up to this probability", DefaultValueFactory = _ => 1 };
    static readonly Option<int> Seed = new("--seed") { Description = "The same seed gives the same answers", DefaultValueFactory = _ => 1 };
    static readonly Option<string> On = new("--device") { Description = "auto, cpu or cuda", DefaultValueFactory = _ => "auto" };

    public static Command Create()
    {
        var command = new Command("generate", "Answer a prompt, or a file of prompts")
        {
            Model, Prompt, Prompts, Output, Samples, MaxNewTokens, Temperature, TopK, TopP, Seed, On,
        };
        command.SetAction(Generate);
        return CommandHelp.WithExample(command, """
            attune generate runs/ppo/model "Guest: Where is the pool?\nDesk:"
            attune generate runs/sft/model --prompts prompts.jsonl --samples 4 --output answers.jsonl
            """);
    }

    static int Generate(ParseResult parsed)
    {
        var options = Options(parsed);
        using var interruption = new Interruption();
        var device = Device.Parse(parsed.GetValue(On)!);
        var folder = parsed.GetValue(Model)!;
        var tokenizer = ModelFolder.Tokenizer(folder);
        var model = Pretrained.LoadLanguageModel(folder);
        model.MoveTo(device);
        using var random = new RandomSource((ulong)parsed.GetValue(Seed), device);
        var answering = new Answering(model, tokenizer, options, random, parsed.GetValue(Samples), interruption.Token);
        if (parsed.GetValue(Prompt) is { } prompt && parsed.GetValue(Prompts) is null)
            answering.Print(prompt.Replace("\\n", "\n", StringComparison.Ordinal));
        else if (parsed.GetValue(Prompts) is { } file && parsed.GetValue(Prompt) is null)
            answering.Write(file, parsed.GetValue(Output));
        else
            throw new InvalidDataException("one prompt, or --prompts with a file, was expected");
        return 0;
    }

    static SamplingOptions Options(ParseResult parsed)
    {
        var options = new SamplingOptions
        {
            MaxNewTokens = parsed.GetValue(MaxNewTokens),
            Temperature = parsed.GetValue(Temperature),
            TopK = parsed.GetValue(TopK),
            TopP = parsed.GetValue(TopP),
        };
        return options.MaxNewTokens > 0 && options.Temperature >= 0 && options.TopK >= 0 && options.TopP is > 0 and <= 1 && parsed.GetValue(Samples) > 0
            ? options
            : throw new InvalidDataException("expected --samples and --max-new-tokens above 0, --temperature and --top-k of at least 0, --top-p above 0 and at most 1");
    }

    /// <summary>A model that is asked.</summary>
    sealed class Answering(LanguageModel model, Tokenizer tokenizer, SamplingOptions options, RandomSource random, int samples, CancellationToken cancellation)
    {
        const int PromptsAtOnce = 64;

        readonly TextEncoder encoder = new(tokenizer, (int)model.Backbone.ContextLength);
        readonly int padId = tokenizer.PadId ?? tokenizer.EosId ?? 0;

        /// <summary>The answers to one prompt as text; a single one as it is drawn.</summary>
        public void Print(string text)
        {
            var prompt = Encode(new("the prompt", 1), text);
            var stream = tokenizer.OpenStream(skipSpecialTokens: true);
            var generator = new TextGenerator(model, padId, tokenizer.EosId) { OnToken = samples == 1 ? token => Console.Out.Write(stream.Push(token)) : null };
            var completions = generator.Generate([prompt.Tokens], options, random, samples, cancellation);
            if (samples > 1)
                Console.Out.Write(string.Join("\n\n", completions.Select(Decode)));
            Console.Out.WriteLine(samples == 1 ? stream.Finish() : "");
        }

        /// <summary>The answers to a file of prompts, one JSON object a prompt.</summary>
        public void Write(string file, string? output)
        {
            var prompts = Dataset.Read(file).Select(example => Encode(example.Origin, Text(example))).ToList();
            using var writer = output is null ? Console.Out : File.CreateText(output);
            var generator = new TextGenerator(model, padId, tokenizer.EosId);
            foreach (var part in prompts.Chunk(PromptsAtOnce))
            {
                var completions = generator.Generate([.. part.Select(prompt => prompt.Tokens)], options, random, samples, cancellation);
                foreach (var (prompt, answers) in part.Zip(completions.Chunk(samples)))
                    writer.WriteLine(Json(prompt, answers).ToJsonString(JsonText.Readable));
                writer.Flush();
            }
            foreach (var notice in encoder.Notices)
                Console.Error.WriteLine($"attune: {notice}");
        }

        JsonObject Json(TokenPrompt prompt, Completion[] answers) => new()
        {
            ["prompt"] = prompt.Text,
            ["completions"] = new JsonArray([.. answers.Select(answer => (JsonNode)Decode(answer))]),
        };

        TokenPrompt Encode(Origin origin, string text) => encoder.Prompt(origin, text, Math.Min(options.MaxNewTokens, (int)model.Backbone.ContextLength / 2))
            ?? throw new InvalidDataException($"{origin}: the prompt is empty");

        string Decode(Completion completion) => tokenizer.Decode(completion.Tokens, skipSpecialTokens: true);

        static string Text(Example example) => example switch
        {
            PromptOnly prompt => prompt.Prompt,
            Demonstration demonstration => demonstration.Prompt,
            Ranking ranking => ranking.Prompt,
            _ => throw new InvalidDataException($"{example.Origin}: a prompt was expected"),
        };
    }
}
