using System.CommandLine;
using Attune.Generation;
using Attune.Text;
using Attune.Torch;
using Attune.Training;
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
    static readonly Option<int> MaxNewTokens = new("--max-new-tokens") { Description = "The longest answer", DefaultValueFactory = _ => 128 };
    static readonly Option<int> MinNewTokens = new("--min-new-tokens") { Description = "The shortest answer" };
    static readonly Option<double> Temperature = NumberOption.Create("--temperature", "Below 1 safer, above wilder, 0 greedy", 1);
    static readonly Option<int> TopK = new("--top-k") { Description = "Only the k likeliest tokens; 0 for all" };
    static readonly Option<double> TopP = NumberOption.Create("--top-p", "Only the likeliest tokens up to this probability", 1);
    static readonly Option<double> MinP = NumberOption.Create("--min-p", "Only tokens with this share of the likeliest's probability", 0);
    static readonly Option<double> TypicalP = NumberOption.Create("--typical-p", "Only typical tokens up to this probability", 1);
    static readonly Option<double> RepetitionPenalty = NumberOption.Create("--repetition-penalty", "Above 1: less of what was said", 1);
    static readonly Option<double> FrequencyPenalty = NumberOption.Create("--frequency-penalty", "Off a logit as often as it came", 0);
    static readonly Option<double> PresencePenalty = NumberOption.Create("--presence-penalty", "Off a logit that came", 0);
    static readonly Option<int> NoRepeat = new("--no-repeat-ngram-size") { Description = "No run of so many tokens twice; 0 is off" };
    static readonly Option<int> Beams = new("--beams") { Description = "Search with so many beams, not draw; --samples are the best" };
    static readonly Option<double> LengthPenalty = NumberOption.Create("--length-penalty", "Of beams: above 0 long, below short", 1);
    static readonly Option<string> Stopping = new("--early-stopping") { Description = "Of beams", DefaultValueFactory = _ => "false" };
    static readonly Option<int> Seed = new("--seed") { Description = "The same seed gives the same answers", DefaultValueFactory = _ => 1 };
    static readonly Option<string> On = ModelOptions.Device();
    static readonly Option<string> Dtype = ModelOptions.Dtype();

    public static Command Create()
    {
        var command = new Command("generate", "Answer a prompt, or a file of prompts")
        {
            Model, Prompt, Prompts, Output, Samples, MaxNewTokens, MinNewTokens, Temperature, TopK, TopP, MinP, TypicalP,
            RepetitionPenalty, FrequencyPenalty, PresencePenalty, NoRepeat, Beams, LengthPenalty, Stopping, Seed, On, Dtype,
        };
        Stopping.AcceptOnlyFromAmong("false", "true", "never");
        command.SetAction(Generate);
        return CommandHelp.WithExample(command, """
            attune generate runs/ppo/model "Guest: Where is the pool?\nDesk:"
            attune generate runs/sft/model --prompts prompts.jsonl --samples 4 --output answers.jsonl
            attune generate runs/sft/model "Guest: Is there a gym?\nDesk:" --beams 4 --no-repeat-ngram-size 3
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
        using var interruption = new Interruption();
        var device = Device.Parse(parsed.GetValue(On)!);
        var folder = parsed.GetValue(Model)!;
        var tokenizer = ModelFolder.Tokenizer(folder);
        var samples = parsed.GetValue(Samples);
        var model = ModelFolder.LanguageModel(folder, device, ModelOptions.ParseDtype(parsed.GetValue(Dtype)!));
        var answering = new Answering(model, tokenizer, options, samples, interruption.Token) { Beams = beams };
        using var random = new RandomSource((ulong)parsed.GetValue(Seed), device);
        if (file is not null)
            Write(answering, file, output, random);
        else
            Print(answering, prompt!.Replace("\\n", "\n", StringComparison.Ordinal), random, samples == 1 && beams is null ? Stream() : null);
        foreach (var notice in answering.Notices)
            Console.Error.WriteLine($"attune: {notice}");
        return 0;

        TokenStream Stream() => tokenizer.OpenStream(skipSpecialTokens: true);
    }

    static (SamplingOptions Sampling, BeamOptions? Beams) Options(ParseResult parsed)
    {
        var options = new SamplingOptions
        {
            MaxNewTokens = parsed.GetValue(MaxNewTokens),
            MinNewTokens = parsed.GetValue(MinNewTokens),
            Temperature = parsed.GetValue(Temperature),
            TopK = parsed.GetValue(TopK),
            TopP = parsed.GetValue(TopP),
            MinP = parsed.GetValue(MinP),
            TypicalP = parsed.GetValue(TypicalP),
            RepetitionPenalty = parsed.GetValue(RepetitionPenalty),
            FrequencyPenalty = parsed.GetValue(FrequencyPenalty),
            PresencePenalty = parsed.GetValue(PresencePenalty),
            NoRepeatNgramSize = parsed.GetValue(NoRepeat),
        };
        var problems = options.Problems().ToList();
        if (parsed.GetValue(Samples) < 1)
            problems.Add($"samples: a number of at least 1 was expected, found {parsed.GetValue(Samples)}");
        var beams = parsed.GetValue(Beams) == 0 ? null : BeamsOf(parsed);
        if (beams is not null)
            problems.AddRange(beams.Problems());
        if (beams is not null && options.Shaping().Count > 0)
            problems.Add("beams: a search draws nothing; leave out --temperature, --top-k, --top-p, --min-p and --typical-p, or --beams");
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
    static void Print(Answering answering, string text, RandomSource random, TokenStream? stream)
    {
        var answered = answering.Answer([answering.Encode(new("the prompt", 1), text)], random, stream is null ? null : token => Console.Out.Write(stream.Push(token)));
        Console.Out.WriteLine(stream is null ? string.Join("\n\n", answered[0].Answers) : stream.Finish());
    }

    /// <summary>The answers to a file of prompts, one JSON object a prompt.</summary>
    static void Write(Answering answering, string file, string? output, RandomSource random)
    {
        var prompts = answering.Read(file);
        using var writer = OutputFile.Open(output, file);
        foreach (var part in prompts.Chunk(PromptsAtOnce))
        {
            foreach (var answered in answering.Answer(part, random))
                writer.WriteLine(answered.ToJson().ToJsonString(JsonText.Readable));
            writer.Flush();
        }
    }
}
