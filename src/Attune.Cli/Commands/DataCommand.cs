using System.CommandLine;
using Attune.Cli.Display;
using Attune.Data;
using Attune.Hub;
using Attune.Reporting.Charts;
using Attune.Text;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Attune.Cli.Commands;

/// <summary><c>attune data inspect FILE --model FOLDER</c>: examples as tokens, their lengths, and what is truncated or left out.</summary>
static class DataCommand
{
    const int TokensShown = 400;
    const int Bins = 10;
    const int LongestBar = 40;

    static readonly Argument<string> File = new("file") { HelpName = "FILE", Description = "A data file, or a folder of them" };
    static readonly Option<string> Model = new("--model")
    {
        HelpName = "FOLDER",
        Description = "A folder with a tokenizer and, for the context length, a config.json", Required = true,
    };
    static readonly Option<int> Rows = new("--rows") { Description = "Examples to show", DefaultValueFactory = _ => 3 };
    static readonly Option<int> Context = new("--context") { Description = "The context length in tokens; 0 for the model's" };
    static readonly Option<OverlongExamples> TooLongIs = ChoiceOption.Create<OverlongExamples>(
        "--too-long", "What to do with longer texts");

    public static Command Create()
    {
        var inspect = new Command("inspect", "Show examples as tokens with the loss mask, their lengths, and what is truncated or left out")
        {
            File, Model, Rows, Context, TooLongIs,
        };
        inspect.SetAction(Inspect);
        const string Example = "attune data inspect data/frontdesk/demonstrations.jsonl --model runs/quickstart/1-pretrain/model --rows 5";
        var command = new Command("data", "Get data from the Hugging Face Hub, and show data as a model reads it")
        {
            GetCommand.Create(HubKind.Dataset), CommandHelp.WithExample(inspect, Example),
        };
        return CommandHelp.WithExample(command, Example);
    }

    static int Inspect(ParseResult parsed)
    {
        var (rows, context, folder) = (parsed.GetValue(Rows), parsed.GetValue(Context), ModelPath.Find(parsed.GetValue(Model)!));
        if (rows < 0 || context < 0)
            throw new InvalidDataException($"{(rows < 0 ? "--rows" : "--context")} must be at least 0 (was {Math.Min(rows, context)}).");
        var tokenizer = ModelFolder.LoadTokenizer(folder);
        var backbone = Path.Exists(Path.Combine(folder, "config.json")) ? ModelFolder.Describe(folder).Backbone : null;
        var most = context > 0 ? context : (int?)backbone?.ContextLength ?? ExampleInspector.Unlimited;
        var inspection = new ExampleInspector(tokenizer, most, parsed.GetValue(TooLongIs), backbone?.StartToken)
        {
            Embeddings = backbone?.VocabularySize ?? long.MaxValue,
        };
        var examples = Dataset.Read(parsed.GetValue(File)!).Select(inspection.Inspect).ToList();
        if (examples.Count == 0)
            throw new InvalidDataException($"{parsed.GetValue(File)} has no examples.");
        PrintTokenizer(tokenizer, most);
        foreach (var example in examples.Take(rows))
            Show(example, tokenizer);
        PrintCounts(examples);
        PrintLengths(examples, most);
        PrintNotes(examples);
        return 0;
    }

    static void PrintTokenizer(Tokenizer tokenizer, int context)
    {
        PrintRow("tokenizer", $"{tokenizer.VocabularySize:N0} tokens");
        PrintRow("context", context == ExampleInspector.Unlimited
            ? "unknown: there is no config.json; set it with --context N"
            : $"{context:N0} tokens");
        PrintRow("template", tokenizer.ChatTemplate is not { } jinja
            ? "none; messages are written as ChatML (<|im_start|>role … <|im_end|>)"
            : ChatTemplate.FromTokenizer(tokenizer).HasGenerationMarks
                ? $"the tokenizer's, {jinja.Length:N0} characters, for messages only; {{% generation %}} marks the tokens in the loss"
                : $"the tokenizer's, {jinja.Length:N0} characters, for messages only; a response is the tokens that it adds to the prompt");
    }

    static void Show(InspectedExample inspected, Tokenizer tokenizer)
    {
        var inColour = Displays.WantsLive(Console.IsOutputRedirected, Environment.GetEnvironmentVariable)
            && AnsiConsole.Profile.Capabilities.Ansi;
        Console.Out.WriteLine();
        foreach (var (index, row) in inspected.Rows.Index())
        {
            var which = inspected.Rows.Count == 1
                ? ""
                : $", response {index + 1} of {inspected.Rows.Count}{Rank(inspected.Example, index)}";
            Console.Out.WriteLine(
                $"line {inspected.Example.Origin.Line}{which}: {row.Length:N0} tokens, {row.TargetCount:N0} {Meaning(inspected.Example)}");
            Write(TokenText.Render(tokenizer, row, TokensShown, inColour), inColour);
        }
        if (inspected.Rows.Count == 0)
            Console.Out.WriteLine($"line {inspected.Example.Origin.Line}: left out");
        foreach (var note in inspected.Notes)
            Console.Out.WriteLine($"  ! {note}");
    }

    /// <summary>What the marked tokens of an example are.</summary>
    static string Meaning(Example example) =>
        example is ComparisonExample or ChatComparisonExample ? "of them in the response" : "in the loss";

    static string Rank(Example example, int index) => example switch
    {
        ComparisonExample ranking => Rank(ranking.Comparisons, index),
        ChatComparisonExample ranking => Rank(ranking.Comparisons, index),
        _ => "",
    };

    static string Rank(ComparisonSet comparisons, int index) =>
        comparisons.Ranks is { } ranks ? $", {(ranks[index] is { } rank ? $"rank {rank}" : "not ranked")}" : "";

    static void Write(IReadOnlyList<Segment> segments, bool inColour)
    {
        if (inColour)
            AnsiConsole.Write(new Verbatim(segments));
        else
            Console.Out.Write(string.Concat(segments.Select(segment => segment.Text)));
        Console.Out.WriteLine();
    }

    /// <summary>Segments without wrapping or markup.</summary>
    sealed class Verbatim(IReadOnlyList<Segment> segments) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => new(maxWidth, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => segments;
    }

    static void PrintCounts(List<InspectedExample> examples)
    {
        var rows = examples.SelectMany(example => example.Rows).ToList();
        var (tokens, targets) = (rows.Sum(row => (long)row.Length), rows.Sum(row => (long)row.TargetCount));
        Console.Out.WriteLine();
        var texts = rows.Count == examples.Count ? "" : $", {rows.Count:N0} texts";
        PrintRow("examples", $"{examples.Count:N0} {Kind(examples[0].Example)}{texts}");
        var share = NumberFormat.Percent(tokens == 0 ? 0 : (double)targets / tokens);
        PrintRow("tokens", $"{tokens:N0}; {targets:N0} ({share}) {Meaning(examples[0].Example)}");
        PrintRow("left out", $"{examples.Count(example => example.IsLeftOut):N0}");
    }

    static string Kind(Example example) => example switch
    {
        Document => "documents",
        Demonstration => "demonstrations",
        PromptOnly => "prompts",
        ChatExample => "conversations",
        _ => "comparison examples",
    };

    /// <summary>A histogram of the length of the longest text of each example.</summary>
    static void PrintLengths(List<InspectedExample> examples, int context)
    {
        var lengths = examples.Where(example => example.Rows.Count > 0).Select(example => example.Length).ToList();
        if (lengths.Count == 0)
            return;
        var width = Math.Max(1, (int)Math.Ceiling((lengths.Max() + 1) / (double)Bins));
        var counts = lengths.GroupBy(length => length / width).ToDictionary(bin => bin.Key, bin => bin.Count());
        Console.Out.WriteLine("\nlengths in tokens");
        for (var bin = lengths.Min() / width; bin <= lengths.Max() / width; bin++)
        {
            var count = counts.GetValueOrDefault(bin);
            var bar = new string('█', (int)Math.Ceiling(LongestBar * count / (double)counts.Values.Max()));
            var overlong = bin * width > context ? "  longer than the context" : "";
            Console.Out.WriteLine($"  {bin * width,6}–{(bin + 1) * width - 1,-6} {count,7:N0} {bar}{overlong}");
        }
    }

    static void PrintNotes(List<InspectedExample> examples)
    {
        var notes = examples.SelectMany(example => example.Notes.Select(note => (Note: note, example.Example.Origin)))
            .GroupBy(pair => pair.Note).ToList();
        Console.Out.WriteLine(notes.Count == 0 ? "\nnothing is truncated or left out" : "\nnotes");
        foreach (var note in notes)
            Console.Out.WriteLine($"  {note.Count():N0} {note.Key} (first: line {note.First().Origin.Line})");
    }

    static void PrintRow(string name, string value) => Console.Out.WriteLine($"{name,-10} {value}");
}
