using System.CommandLine;
using Attune.Cli.Display;
using Attune.Data;
using Attune.Models.Checkpoints;
using Attune.Reporting.Charts;
using Attune.Text;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Recipes;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Attune.Cli.Commands;

/// <summary>
/// <c>attune data inspect FILE</c>: examples as a method reads them, their lengths, and what is truncated or left out. Without a model,
/// lengths are in characters.
/// </summary>
static class DataInspectCommand
{
    public const string Example =
        "attune data inspect data/frontdesk/demonstrations.jsonl --model runs/quickstart/1-pretrain/model --rows 5";

    const int TokensShown = 400;
    const int CharactersShown = 600;
    const int Bins = 10;
    const int LongestBar = 40;

    static readonly Argument<string> File = new("file") { HelpName = "FILE", Description = "A data file, or a folder of them" };
    static readonly Option<string?> Model = new("--model")
    {
        HelpName = "FOLDER",
        Description = "A folder with a tokenizer and, for the context length, a config.json; weights are not needed",
    };
    static readonly Option<string?> Method = new("--method")
    {
        HelpName = "METHOD",
        Description = $"The method to read as, with its defaults: {MethodCatalog.Names} (default: one that learns from the layout)",
    };
    static readonly Option<int> Rows = new("--rows") { Description = "Examples to show", DefaultValueFactory = _ => 3 };
    static readonly Option<int> Limit = new("--limit")
    {
        Description = "The most examples to read; 0 for all", DefaultValueFactory = _ => 100_000,
    };
    static readonly Option<int> Context = new("--context") { Description = "The context length in tokens; 0 for the model's" };
    static readonly Option<OverlongExamples?> TooLongIs = ChoiceOption.CreateOptional<OverlongExamples>(
        "--too-long", "What to do with longer texts (default: what the method does)");
    static readonly DataArguments Reading = new(hasPairs: true);

    public static Command Create()
    {
        var command = new Command("inspect", "Show examples as a method reads them, their lengths, and what is truncated or left out")
        {
            File, Model, Method, Rows, Limit, Context, TooLongIs,
        };
        Reading.AddTo(command);
        command.SetAction(Inspect);
        return CommandHelp.WithExample(command, Example);
    }

    static int Inspect(ParseResult parsed)
    {
        var (file, rows, context, folder) =
            (parsed.GetValue(File)!, parsed.GetValue(Rows), parsed.GetValue(Context), parsed.GetValue(Model));
        foreach (var option in (Option<int>[])[Rows, Limit, Context])
            if (parsed.GetValue(option) is < 0 and var value)
                throw new InvalidDataException($"{option.Name} must be at least 0 (was {value}).");
        var limit = parsed.GetValue(Limit) is > 0 and var most ? most : int.MaxValue;
        var options = Reading.Read(parsed) with { MostRows = limit };
        var first = Dataset.Read(file, options).FirstOrDefault() ?? throw new InvalidDataException($"{file} has no examples.");
        var method = MethodFor(parsed.GetValue(Method), first);
        var notices = new List<string>();
        var data = new DataOptions
        {
            Train = file, Columns = options.Columns, Side = options.Side, Pairs = options.Pairs, MinMargin = options.MinMargin,
            Ignore = options.Ignore,
        };
        var read = Dataset.Read(file, (method is null ? options : data.For(method)) with
        {
            Notice = notices.Add,
            Syntax = OptionSyntax.CommandLine,
            MostRows = limit,
        });
        var recipe = method?.NewRecipe();
        var tooLong = parsed.GetValue(TooLongIs) ?? recipe?.Data.TooLong ?? OverlongExamples.Truncate;
        PrintRow("fields", $"{string.Join(", ", first.Row!.Names)}: {DataUses.Name(DataUses.Of(first))}");
        PrintMethod(method, DataUses.Of(first), isGuessed: parsed.GetValue(Method) is null, tooLong, recipe);
        if (folder is null)
            PrintInCharacters(read, rows, limit, notices);
        else
            PrintInTokens(read, data, folder, context, method, recipe, tooLong, rows, limit, notices);
        return 0;
    }

    /// <summary>The method of a name; without one, the first method that learns from such examples, or null.</summary>
    static TrainingMethod? MethodFor(string? name, Example first)
    {
        if (name is not null)
            return MethodCatalog.Find(name)
                ?? throw new InvalidDataException($"--method must be one of {MethodCatalog.Names} (was {name}).");
        return MethodCatalog.All.FirstOrDefault(method => method.Reads == DataUses.Of(first));
    }

    static void PrintMethod(TrainingMethod? method, DataUse found, bool isGuessed, OverlongExamples tooLong, IRecipe? recipe)
    {
        var why = isGuessed ? ", guessed from the fields; --method names another" : "";
        var rest = method?.Reads == DataUse.Documents ? "documents are cut into rows"
            : tooLong == OverlongExamples.Drop ? "what is longer than the context is left out" : "what is longer than the context is cut";
        PrintRow("method", method is null ? $"none learns from {DataUses.Name(found)}" : $"{method.Name}{why}");
        if (method is null)
            return;
        PrintRow("too long", recipe!.ResponseRoom is > 0 and var room
            ? $"{rest}; a prompt leaves {Quantity.Of(room, "token")} for a response"
            : rest);
    }

    static void PrintInCharacters(IEnumerable<Example> read, int rows, int limit, List<string> notices)
    {
        var lengths = new List<int>();
        PrintRow("tokenizer", "none: lengths are in characters; --model names a folder with a tokenizer");
        foreach (var example in read)
        {
            var length = DataDigest.TextsOf(example).Max(text => text.Length);
            if (lengths.Count < rows)
            {
                var json = JsonText.Line(ExampleWriter.ToJson(example));
                Console.Out.WriteLine($"\n{example.Origin.Place}: {Quantity.Of(length, "character")}");
                Console.Out.WriteLine(json.Length > CharactersShown ? json[..CharactersShown] + " …" : json);
            }
            lengths.Add(length);
        }
        Console.Out.WriteLine();
        PrintRow("examples", Quantity.Of(lengths.Count, "example") + More(lengths.Count, limit));
        PrintLengths(lengths, "characters", ExampleInspector.Unlimited);
        PrintNotes(notices, "");
    }

    static void PrintInTokens(IEnumerable<Example> read, DataOptions data, string folder, int context, TrainingMethod? method,
        IRecipe? recipe, OverlongExamples tooLong, int rows, int limit, List<string> notices)
    {
        var found = ModelPath.Find(folder);
        var source = Peft.IsAdapter(found) ? Peft.BaseFolder(found) : found;
        var backbone = Path.Exists(Path.Combine(source, "config.json")) ? Pretrained.DescribeBackbone(source) : null;
        var own = ModelFolder.LoadTokenizer(found);
        var format = method is null || !data.HasConversations()
            ? new Conversations(own, AddsTokens: false, "")
            : Conversations.For(own, method, new(), backbone?.Kind);
        var most = context > 0 ? context : (int?)backbone?.ContextLength ?? ExampleInspector.Unlimited;
        var room = most == ExampleInspector.Unlimited ? 1 : Math.Max(1, recipe?.ResponseRoom ?? 0);
        var inspection = new ExampleInspector(format.Tokenizer, most, tooLong, backbone?.StartToken, method?.Reads ?? DataUse.Any, room,
            backbone is null ? long.MaxValue : format.Embeddings(backbone.VocabularySize));
        PrintTokenizer(own, format, most);
        var totals = new InspectionTotals();
        foreach (var example in read.Select(inspection.Inspect))
        {
            if (totals.Examples < rows)
                Show(example, format.Tokenizer);
            totals.Add(example);
        }
        PrintCounts(totals, limit);
        PrintLengths(totals.Lengths, "tokens", most);
        PrintNotes([.. notices, .. inspection.Notices, .. totals.Stops], "nothing is truncated or left out");
    }

    static string More(int examples, int limit) => examples < limit ? "" : ", as many as are read; --limit 0 reads all";

    static void PrintTokenizer(Tokenizer tokenizer, Conversations format, int context)
    {
        PrintRow("tokenizer", Quantity.Of(tokenizer.VocabularySize, "token"));
        PrintRow("context", context == ExampleInspector.Unlimited
            ? "unknown: there is no config.json; set it with --context N"
            : Quantity.Of(context, "token"));
        PrintRow("template", format.Description.Length > 0 ? $"none: {format.Description}"
            : tokenizer.ChatTemplate is not { } jinja ? "none; messages are written as ChatML (<|im_start|>role … <|im_end|>)"
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
            var (place, length) = (inspected.Example.Origin.Place, Quantity.Of(row.Length, "token"));
            Console.Out.WriteLine($"{place}{which}: {length}, {row.TargetCount:N0} {Meaning(inspected.Example)}");
            Write(TokenText.Render(tokenizer, row, TokensShown, inColour), inColour);
        }
        if (inspected.Rows.Count == 0)
            Console.Out.WriteLine($"{inspected.Example.Origin.Place}: left out");
        foreach (var note in inspected.Notes)
            Console.Out.WriteLine($"  ! {note}");
    }

    /// <summary>What the marked tokens of an example are.</summary>
    static string Meaning(Example example) =>
        example is ComparisonExample or ChatComparisonExample ? "of them in the response" : "in the loss";

    static string Rank(Example example, int index) => example switch
    {
        ComparisonExample ranking => index < ranking.Completions.Count ? Rank(ranking.Comparisons, index) : ", gold",
        ChatComparisonExample ranking => index < ranking.Completions.Count ? Rank(ranking.Comparisons, index) : ", gold",
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

    static void PrintCounts(InspectionTotals totals, int limit)
    {
        Console.Out.WriteLine();
        var texts = totals.Texts == totals.Examples ? "" : $", {Quantity.Of(totals.Texts, "text")}";
        PrintRow("examples", $"{Count(totals.First!, totals.Examples)}{texts}{More(totals.Examples, limit)}");
        var share = NumberFormat.Percent(totals.Tokens == 0 ? 0 : (double)totals.Targets / totals.Tokens);
        PrintRow("tokens", $"{totals.Tokens:N0}; {totals.Targets:N0} ({share}) {Meaning(totals.First!)}");
        PrintRow("left out", $"{totals.LeftOut:N0}");
    }

    static string Count(Example example, int count) => example switch
    {
        Document => Quantity.Of(count, "document"),
        Demonstration => Quantity.Of(count, "demonstration"),
        PromptOnly => Quantity.Of(count, "prompt"),
        ChatExample => Quantity.Of(count, "conversation"),
        LabelledExample => Quantity.Of(count, "labelled response"),
        RewardedExample => Quantity.Of(count, "response with a reward", "responses with rewards"),
        StepwiseExample => Quantity.Of(count, "response in steps", "responses in steps"),
        _ => Quantity.Of(count, "comparison example"),
    };

    /// <summary>A histogram of the length of the longest text of each example.</summary>
    static void PrintLengths(List<int> lengths, string unit, int context)
    {
        if (lengths.Count == 0)
            return;
        var width = Math.Max(1, (int)Math.Ceiling((lengths.Max() + 1) / (double)Bins));
        var counts = lengths.GroupBy(length => length / width).ToDictionary(bin => bin.Key, bin => bin.Count());
        Console.Out.WriteLine($"\nlengths in {unit}");
        for (var bin = lengths.Min() / width; bin <= lengths.Max() / width; bin++)
        {
            var count = counts.GetValueOrDefault(bin);
            var bar = new string('█', (int)Math.Ceiling(LongestBar * count / (double)counts.Values.Max()));
            var overlong = bin * width > context ? "  longer than the context" : "";
            Console.Out.WriteLine($"  {bin * width,6}–{(bin + 1) * width - 1,-6} {count,7:N0} {bar}{overlong}");
        }
    }

    /// <summary>What a run would report before its first step.</summary>
    static void PrintNotes(IReadOnlyList<string> notes, string without)
    {
        if (notes.Count > 0)
            Console.Out.WriteLine("\nnotes");
        else if (without.Length > 0)
            Console.Out.WriteLine($"\n{without}");
        foreach (var note in notes)
            Console.Out.WriteLine($"  {note}");
    }

    static void PrintRow(string name, string value) => Console.Out.WriteLine($"{name,-10} {value}");

    /// <summary>Counts of the examples that were inspected, which are not kept.</summary>
    sealed class InspectionTotals
    {
        readonly Dictionary<string, (int Count, string First)> stops = new(StringComparer.Ordinal);

        public Example? First { get; private set; }

        public int Examples { get; private set; }

        public int Texts { get; private set; }

        public int LeftOut { get; private set; }

        public long Tokens { get; private set; }

        public long Targets { get; private set; }

        /// <summary>The length of each example that has a text.</summary>
        public List<int> Lengths { get; } = [];

        /// <summary>Examples at which a run would stop.</summary>
        public IEnumerable<string> Stops =>
            stops.Select(stop => $"{Quantity.Sentence(stop.Value.Count, stop.Key)} (the first: {stop.Value.First})");

        public void Add(InspectedExample example)
        {
            First ??= example.Example;
            Examples++;
            Texts += example.Rows.Count;
            LeftOut += example.IsLeftOut ? 1 : 0;
            Tokens += example.Rows.Sum(row => (long)row.Length);
            Targets += example.Rows.Sum(row => (long)row.TargetCount);
            if (example.Rows.Count > 0)
                Lengths.Add(example.Length);
            else
                foreach (var note in example.Notes.Where(note => note.StartsWith(ExampleInspector.Stop, StringComparison.Ordinal)))
                    stops[note] = stops.TryGetValue(note, out var known)
                        ? known with { Count = known.Count + 1 }
                        : (1, example.Example.Origin.Place);
        }
    }
}
