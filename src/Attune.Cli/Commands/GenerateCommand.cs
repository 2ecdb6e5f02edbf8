using System.CommandLine;
using Attune.Generation;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Options;
using Attune.Training.Parameters;

namespace Attune.Cli.Commands;

/// <summary><c>attune generate MODEL [PROMPT]</c>: answers to one prompt as text, or to a file of prompts as JSONL.</summary>
static class GenerateCommand
{
    const int PromptsAtOnce = 64;

    static readonly Argument<string> Model = new("model") { Description = "A model folder" };
    static readonly Argument<string?> Prompt = new("prompt") { Description = "A prompt", Arity = ArgumentArity.ZeroOrOne };
    static readonly Option<string?> Prompts = new("--prompts") { Description = "A file of prompts instead" };
    static readonly Option<string?> Output = new("--output") { Description = "A JSONL file to write; standard output without it" };
    static readonly Option<int> Samples = new("--samples") { Description = "Answers to each prompt", DefaultValueFactory = _ => 1 };
    static readonly Option<int> Beams = new("--beams") { Description = "Beam search with this many beams; --samples are the best answers" };
    static readonly Option<double> LengthPenalty = NumberOption.Create("--length-penalty", "Above 0 --beams favour long answers", 1);
    static readonly Option<string> Stopping = new("--early-stopping")
    {
        Description = "As in transformers", DefaultValueFactory = _ => "false",
    };
    static readonly Option<int> Seed = new("--seed") { Description = "The same seed gives the same answers", DefaultValueFactory = _ => 1 };
    static readonly Option<string> On = ModelOptions.Device();
    static readonly Option<string> Dtype = ModelOptions.Dtype();

    public static Command Create()
    {
        var command = new Command("generate", "Answer a prompt, or a file of prompts")
        {
            Model, Prompt, Prompts, Output, Samples, Seed, On, Dtype,
        };
        foreach (var option in SamplingFlags.All.Concat([Beams, LengthPenalty, Stopping]))
            command.Add(option);
        Stopping.AcceptOnlyFromAmong("false", "true", "never");
        command.SetAction(Generate);
        return CommandHelp.WithExample(command, """
            attune generate runs/ppo/model "Guest: Where is the pool?\nDesk:"
            attune generate runs/sft/model --prompts prompts.jsonl --samples 4 --output answers.jsonl
            attune generate runs/sft/model "Guest: Is there a gym?\nDesk:" --beams 4 --no-repeat-ngram-size 3
            attune generate runs/sft/model "Guest: Is there a gym?\nDesk:" --bad-word sorry --sequence-bias " gym=2"
            """);
    }

    static int Generate(ParseResult parsed)
    {
        var (options, beams) = Options(parsed);
        var (prompt, file, output) = (parsed.GetValue(Prompt), parsed.GetValue(Prompts), parsed.GetValue(Output));
        if (prompt is null == file is null)
            throw new InvalidDataException("one prompt, or --prompts with a file, was expected");
        if (file is null && output is not null)
            throw new InvalidDataException("--output goes with a file of --prompts; the answer to one prompt is printed");
        using var interruption = new CancellationOnSignal();
        var device = Device.Parse(parsed.GetValue(On)!);
        var folder = parsed.GetValue(Model)!;
        var tokenizer = ModelFolder.LoadTokenizer(folder);
        var samples = parsed.GetValue(Samples);
        var model = ModelFolder.LoadLanguageModel(folder, device, ModelOptions.ParseDtype(parsed.GetValue(Dtype)!));
        var answering = new BatchGenerator(model, tokenizer, options, samples, interruption.Token) { Beams = beams };
        using var random = new RandomSource((ulong)parsed.GetValue(Seed), device);
        if (file is not null)
            Write(answering, file, output, random);
        else
            Print(answering, prompt!.Replace("\\n", "\n", StringComparison.Ordinal), random, samples == 1 && beams is null ? Stream() : null);
        foreach (var notice in answering.Notices)
            Console.Error.WriteLine($"attune: {notice}");
        return 0;

        DecodeStream Stream() => tokenizer.NewDecodeStream(skipSpecialTokens: true);
    }

    static (SamplingOptions Sampling, BeamOptions? Beams) Options(ParseResult parsed)
    {
        var options = SamplingFlags.Read(parsed);
        var problems = Validation.Check(options).ToList();
        if (parsed.GetValue(Samples) < 1)
            problems.Add($"`samples` must be at least 1 (was {parsed.GetValue(Samples)}).");
        var beams = parsed.GetValue(Beams) == 0 ? null : BeamsOf(parsed);
        if (beams is not null)
            problems.AddRange(Validation.Check(beams));
        if (beams is not null && (!options.IsUntruncated || options.Temperature is not 0 and not 1))
            problems.Add("`beams` must be 0 with --temperature, --top-k, --top-p, --min-p, --typical-p, --top-h, --epsilon-cutoff or "
                + "--eta-cutoff: a search draws nothing.");
        return problems.Count == 0 ? (options, beams) : throw new InvalidDataException(string.Join("\n", problems));
    }

    static BeamOptions BeamsOf(ParseResult parsed) => new()
    {
        Beams = parsed.GetValue(Beams),
        Answers = parsed.GetValue(Samples),
        LengthPenalty = parsed.GetValue(LengthPenalty),
        EarlyStopping = Enum.Parse<EarlyStopping>(parsed.GetValue(Stopping)!, ignoreCase: true),
    };

    /// <summary>The answers to one prompt as text; a single one as it is drawn.</summary>
    static void Print(BatchGenerator answering, string text, RandomSource random, DecodeStream? stream)
    {
        var answered = answering.Generate([answering.Encode(new("the prompt", 1), text)], random, stream is null ? null : token => Console.Out.Write(stream.Step(token)));
        Console.Out.WriteLine(stream is null ? string.Join("\n\n", answered[0].Responses) : stream.Finish());
    }

    /// <summary>The answers to a file of prompts, one JSON object a prompt.</summary>
    static void Write(BatchGenerator answering, string file, string? output, RandomSource random)
    {
        var prompts = answering.Read(file);
        using var writer = OutputFile.Open(output, file);
        foreach (var part in prompts.Chunk(PromptsAtOnce))
        {
            foreach (var answered in answering.Generate(part, random))
                writer.WriteLine(answered.ToJson().ToJsonString(JsonText.Readable));
            writer.Flush();
        }
    }
}
