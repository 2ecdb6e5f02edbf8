using System.CommandLine;
using Attune.Cli.Display;
using Attune.Data;
using Attune.Models.Checkpoints;
using Attune.Reporting.Charts;
using Attune.Text;
using Attune.Training.Parameters;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Attune.Cli.Commands;

/// <summary><c>attune data inspect FILE --model FOLDER</c>: rows as a model reads them, their lengths, and what would be cut or left out.</summary>
static class DataCommand
{
    const int TokensShown = 400;
    const int Bins = 10;
    const int LongestBar = 40;

    static readonly Argument<string> File = new("file") { Description = "A data file, or a folder of them" };
    static readonly Option<string> Model = new("--model") { Description = "A folder with a tokenizer, and with the model's config.json for the context", Required = true };
    static readonly Option<int> Rows = new("--rows") { Description = "Examples to show", DefaultValueFactory = _ => 3 };
    static readonly Option<int> Context = new("--context") { Description = "The most tokens of a text; 0 for the model's" };
    static readonly Option<OverlongExamples> TooLongIs = new("--too-long") { Description = "What becomes of longer texts: truncate or drop" };

    public static Command Create()
    {
        var inspect = new Command("inspect", "Show examples as tokens with the loss mask, lengths, and what would be cut or left out")
        {
            File, Model, Rows, Context, TooLongIs,
        };
        inspect.SetAction(Inspect);
        const string Example = "attune data inspect answers.jsonl --model runs/pretrain/model --rows 5";
        return CommandHelp.WithExample(new Command("data", "Look at data as a model reads it") { CommandHelp.WithExample(inspect, Example) }, Example);
    }

    static int Inspect(ParseResult parsed)
    {
        var (rows, context, folder) = (parsed.GetValue(Rows), parsed.GetValue(Context), parsed.GetValue(Model)!);
        if (rows < 0 || context < 0)
            throw new InvalidDataException($"{(rows < 0 ? "--rows" : "--context")}: a number of at least 0 was expected, found {Math.Min(rows, context)}");
        var tokenizer = ModelFolder.LoadTokenizer(folder);
        var backbone = Path.Exists(Path.Combine(folder, "config.json")) ? Pretrained.Describe(folder).Backbone : null;
        var most = context > 0 ? context : (int?)backbone?.ContextLength ?? ExampleInspector.Unlimited;
        var inspection = new ExampleInspector(tokenizer, most, parsed.GetValue(TooLongIs), backbone?.StartToken);
        var examples = Dataset.Read(parsed.GetValue(File)!).Select(inspection.Inspect).ToList();
        if (examples.Count == 0)
            throw new InvalidDataException($"{parsed.GetValue(File)} holds no examples");
        SayTokenizer(tokenizer, most);
        foreach (var example in examples.Take(rows))
            Show(example, tokenizer);
        SayCounts(examples);
        SayLengths(examples, most);
        SayNotes(examples);
        return 0;
    }

    static void SayTokenizer(Tokenizer tokenizer, int context)
    {
        Say("tokenizer", $"{tokenizer.VocabularySize:N0} tokens");
        Say("context", context == ExampleInspector.Unlimited ? "not known: there is no config.json; --context N sets it" : $"{context:N0} tokens");
        Say("template", tokenizer.ChatTemplate is not { } jinja
            ? "none: texts are taken as they are; messages would be written as ChatML (<|im_start|>role … <|im_end|>)"
            : ChatTemplate.FromTokenizer(tokenizer).HasGenerationMarks
                ? $"the tokenizer's, {jinja.Length:N0} characters; for messages alone. It marks by {{% generation %}} what is learned"
                : $"the tokenizer's, {jinja.Length:N0} characters; for messages alone. What an answer adds to the opened prompt is learned");
    }

    static void Show(InspectedExample looked, Tokenizer tokenizer)
    {
        var inColour = Displays.WantsLive(Console.IsOutputRedirected, Environment.GetEnvironmentVariable) && AnsiConsole.Profile.Capabilities.Ansi;
        Console.Out.WriteLine();
        foreach (var (index, row) in looked.Rows.Index())
        {
            var answer = looked.Rows.Count == 1 ? "" : $", answer {index + 1} of {looked.Rows.Count}{Rank(looked.Example, index)}";
            Console.Out.WriteLine($"line {looked.Example.Origin.Line}{answer}: {row.Length:N0} tokens, {row.TargetCount:N0} {Meaning(looked.Example)}");
            Write(TokenText.Render(tokenizer, row, TokensShown, inColour), inColour);
        }
        if (looked.Rows.Count == 0)
            Console.Out.WriteLine($"line {looked.Example.Origin.Line}: left out");
        foreach (var note in looked.Notes)
            Console.Out.WriteLine($"  ! {note}");
    }

    /// <summary>What the marked tokens of an example are.</summary>
    static string Meaning(Example example) => example is ComparisonExample or ChatComparisonExample ? "of them the answer" : "learned";

    static string Rank(Example example, int index) => example switch
    {
        ComparisonExample ranking => Rank(ranking.Comparisons, index),
        ChatComparisonExample ranking => Rank(ranking.Comparisons, index),
        _ => "",
    };

    static string Rank(ComparisonSet preferences, int index) => preferences.Ranks is { } ranks ? $", {(ranks[index] is { } rank ? $"rank {rank}" : "not ranked")}" : "";

    static void Write(IReadOnlyList<Segment> segments, bool inColour)
    {
        if (inColour)
            AnsiConsole.Write(new Shown(segments));
        else
            Console.Out.Write(string.Concat(segments.Select(segment => segment.Text)));
        Console.Out.WriteLine();
    }

    /// <summary>Segments as they are: no wrapping, no markup.</summary>
    sealed class Shown(IReadOnlyList<Segment> segments) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => new(maxWidth, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => segments;
    }

    static void SayCounts(List<InspectedExample> examples)
    {
        var rows = examples.SelectMany(example => example.Rows).ToList();
        var (tokens, learned) = (rows.Sum(row => (long)row.Length), rows.Sum(row => (long)row.TargetCount));
        Console.Out.WriteLine();
        Say("examples", $"{examples.Count:N0} {Kind(examples[0].Example)}{(rows.Count == examples.Count ? "" : $", {rows.Count:N0} texts")}");
        Say("tokens", $"{tokens:N0}; {learned:N0} ({NumberFormat.Percent(tokens == 0 ? 0 : (double)learned / tokens)}) {Meaning(examples[0].Example)}");
        Say("left out", $"{examples.Count(example => example.IsLeftOut):N0}");
    }

    static string Kind(Example example) => example switch
    {
        Document => "documents",
        Demonstration => "prompts with completions",
        PromptOnly => "prompts",
        ChatExample => "conversations",
        _ => "rankings",
    };

    /// <summary>How many examples have their longest text in which span of lengths.</summary>
    static void SayLengths(List<InspectedExample> examples, int context)
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
            var beyond = bin * width > context ? "  longer than the context" : "";
            Console.Out.WriteLine($"  {bin * width,6}–{(bin + 1) * width - 1,-6} {count,7:N0} {bar}{beyond}");
        }
    }

    static void SayNotes(List<InspectedExample> examples)
    {
        var notes = examples.SelectMany(example => example.Notes.Select(note => (Note: note, example.Example.Origin))).GroupBy(noted => noted.Note).ToList();
        Console.Out.WriteLine(notes.Count == 0 ? "\nnothing is cut or left out" : "\nnotes");
        foreach (var note in notes)
            Console.Out.WriteLine($"  {note.Count():N0} {note.Key} (the first: line {note.First().Origin.Line})");
    }

    static void Say(string what, string found) => Console.Out.WriteLine($"{what,-10} {found}");
}
