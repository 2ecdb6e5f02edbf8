using System.CommandLine;
using Attune.Data;
using Attune.Generation;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Rewards;

namespace Attune.Cli.Commands;

/// <summary><c>attune generate MODEL [PROMPT]</c>: responses to one prompt as text, or to a file of prompts as JSONL.</summary>
static class GenerateCommand
{
    const int PromptsAtOnce = 64;

    static readonly Argument<string> Model = new("model") { HelpName = "MODEL", Description = "A language model's folder" };
    static readonly Argument<string?> Prompt = new("prompt")
    {
        HelpName = "PROMPT", Description = "A prompt; \\n stands for a new line", Arity = ArgumentArity.ZeroOrOne,
    };
    static readonly Option<string?> Prompts = new("--prompts")
    {
        HelpName = "FILE", Description = "A file of prompts, instead of one prompt",
    };
    static readonly Option<string?> Output = new("--output")
    {
        HelpName = "FILE", Description = "A JSONL file to write (default: standard output)",
    };
    static readonly Option<int> Samples = new("--samples") { Description = "Responses to each prompt", DefaultValueFactory = _ => 1 };
    static readonly Option<string?> Reward = new("--reward")
    {
        HelpName = "FOLDER",
        Description = "A reward model's folder: keep the one of --samples responses with the highest score (best of n)",
    };
    static readonly Option<int> Beams = new("--beams")
    {
        Description = "Use beam search with this many beams; --samples is the number of best responses",
    };
    static readonly Option<double> LengthPenalty = NumberOption.Create(
        "--length-penalty", "The exponent of the length that beam scores are divided by; above 0 favours long responses", 1);
    static readonly Option<string> Stopping = new("--early-stopping")
    {
        HelpName = "false|true|never",
        Description = "When beam search stops, as early_stopping of transformers", DefaultValueFactory = _ => "false",
    };
    static readonly Option<bool> Raw = new("--raw")
    {
        Description = "Give the prompt to the model as it is; otherwise a plain prompt is a user's message in the model's chat template",
    };
    static readonly Option<string?> SystemText = new("--system")
    {
        HelpName = "TEXT", Description = "A system message before the prompt, for a model with a chat template",
    };
    static readonly Option<int> Seed = new("--seed") { Description = "The random seed", DefaultValueFactory = _ => 1 };
    static readonly DataArguments Reading = new(hasSide: false);
    static readonly Option<string> On = ModelOptions.Device();
    static readonly Option<string> Dtype = ModelOptions.Dtype();

    public static Command Create()
    {
        var command = new Command("generate", "Generate responses to a prompt or a file of prompts")
        {
            Model, Prompt, Prompts, Output, Raw, SystemText, Samples, Reward, Seed, On, Dtype,
        };
        foreach (var option in SamplingFlags.All.Concat([Beams, LengthPenalty, Stopping]))
            command.Add(option);
        Reading.AddTo(command);
        Stopping.AcceptOnlyFromAmong("false", "true", "never");
        command.SetAction(Generate);
        return CommandHelp.WithExample(command, """
            attune generate runs/quickstart/5-ppo/model "Guest: Where is the pool?\nDesk:"
            attune generate runs/quickstart/2-sft/model "Guest: Where is the pool?\nDesk:" --stop "\n"
            attune generate runs/quickstart/2-sft/model --prompts data/frontdesk/prompts-heldout.jsonl --samples 4 --output answers.jsonl
            attune generate runs/quickstart/2-sft/model "Guest: Is there a gym?\nDesk:" --beams 4 --no-repeat-ngram-size 3
            attune generate runs/quickstart/2-sft/model "Guest: Is there a gym?\nDesk:" --bad-word sorry --sequence-bias " gym=2"
            """);
    }

    static int Generate(ParseResult parsed)
    {
        var (options, beams) = Options(parsed);
        var (prompt, file, output) = (parsed.GetValue(Prompt), parsed.GetValue(Prompts), parsed.GetValue(Output));
        if (prompt is null == file is null)
            throw new InvalidDataException("Give one prompt, or a file of prompts with --prompts.");
        if (file is null && output is not null)
            throw new InvalidDataException("--output needs --prompts; the response to one prompt is printed.");
        using var interruption = new CancellationOnSignal();
        var folder = parsed.GetValue(Model)!;
        var tokenizer = ModelFolder.LoadTokenizer(folder);
        var device = Device.Parse(parsed.GetValue(On)!);               // needs libtorch, which may be loading
        var samples = parsed.GetValue(Samples);
        var format = new PromptFormat(tokenizer, parsed.GetValue(Raw), SamplingFlags.Lines(parsed.GetValue(SystemText)));
        var model = ModelFolder.LoadLanguageModel(folder, device, ModelOptions.ParseDtype(parsed.GetValue(Dtype)!, device, folder));
        var generator = new BatchGenerator(model, tokenizer, options, samples, interruption.Token)
        {
            Beams = beams,
            Format = format,
            SetsMaxNewTokens = SamplingFlags.SetsMaxNewTokens(parsed),
            Score = parsed.GetValue(Reward) is { } reward ? ScoresOf(reward, new(model, tokenizer, options)) : null,
        };
        using var random = new RandomSource((ulong)parsed.GetValue(Seed), device);
        if (file is not null)
            Write(generator, file, Reading.For(parsed, DataUse.Prompts, "generate"), output, random);
        else
        {
            var isStreamed = samples == 1 && beams is null && options.Stop.Count == 0;
            Print(generator, SamplingFlags.Lines(prompt)!, random, isStreamed ? NewStream() : null);
        }
        foreach (var notice in generator.Notices)
            Notices.Write(notice);
        return 0;

        DecodeStream NewStream() => tokenizer.NewDecodeStream(skipSpecialTokens: true);
    }

    /// <summary>The scores of responses by the reward model of a folder.</summary>
    static Func<IReadOnlyList<TokenPrompt>, IReadOnlyList<Response>, double[]> ScoresOf(string folder, Policy policy)
    {
        var source = new ModelReward { Model = folder }.Build(new(policy) { Workers = Environment.ProcessorCount });
        return (prompts, responses) =>
        {
            using var scope = TensorScope.Open();
            return source.Score(Rollouts.From(prompts, responses, policy.Model.Device)).Totals;
        };
    }

    static (SamplingOptions Sampling, BeamOptions? Beams) Options(ParseResult parsed)
    {
        var options = SamplingFlags.Read(parsed);
        var problems = Validation.Check(options).ToList();
        if (parsed.GetValue(Samples) < 1)
            problems.Add($"`samples` must be at least 1 (was {parsed.GetValue(Samples)}).");
        if (parsed.GetValue(Reward) is not null && parsed.GetValue(Samples) < 2)
            problems.Add($"`samples` must be at least 2 with --reward, which chooses one of them (was {parsed.GetValue(Samples)}).");
        var beams = parsed.GetValue(Beams) == 0 ? null : BeamsOf(parsed);
        if (beams is not null)
            problems.AddRange(Validation.Check(beams));
        if (beams is not null && (!options.IsUntruncated || options.Temperature is not 0 and not 1))
            problems.Add("`beams` must be 0 with --temperature, --top-k, --top-p, --min-p, --typical-p, --top-h, --epsilon-cutoff or "
                + "--eta-cutoff: beam search does not sample.");
        if (beams is not null && options.Stop.Count > 0)
            problems.Add("`beams` must be 0 with --stop: stop strings are found in sampled responses.");
        return problems.Count == 0 ? (options, beams) : throw new InvalidDataException(string.Join("\n", problems));
    }

    static BeamOptions BeamsOf(ParseResult parsed) => new()
    {
        Beams = parsed.GetValue(Beams),
        Answers = parsed.GetValue(Samples),
        LengthPenalty = parsed.GetValue(LengthPenalty),
        EarlyStopping = Enum.Parse<EarlyStopping>(parsed.GetValue(Stopping)!, ignoreCase: true),
    };

    /// <summary>Prints the responses to one prompt as text; a single response while it is sampled.</summary>
    static void Print(BatchGenerator generator, string text, RandomSource random, DecodeStream? stream)
    {
        var prompt = generator.Encode(new("the prompt", 1), text);
        var generated = generator.Generate([prompt], random, stream is null ? null : token => Console.Out.Write(stream.Step(token)));
        Console.Out.WriteLine(stream is null ? string.Join("\n\n", generated[0].Responses) : stream.Finish());
    }

    /// <summary>Writes the responses to a file of prompts, one JSON object for each prompt.</summary>
    static void Write(BatchGenerator generator, string file, ReadOptions reading, string? output, RandomSource random)
    {
        var prompts = generator.Read(file, reading);
        using var writer = OutputFile.Open(output, file);
        foreach (var batch in prompts.Chunk(PromptsAtOnce))
        {
            foreach (var generated in generator.Generate(batch, random))
                writer.WriteLine(JsonText.Line(generated.ToJson()));
            writer.Flush();
        }
    }
}
