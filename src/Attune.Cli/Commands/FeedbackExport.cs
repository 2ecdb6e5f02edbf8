using System.CommandLine;
using System.Globalization;
using Attune.Store.Export;
using Attune.Text;

namespace Attune.Cli.Commands;

/// <summary><c>attune feedback export --project NAME --output FOLDER</c>: annotations as files that training reads.</summary>
static class FeedbackExport
{
    static readonly string[] IsoTimes =
        ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd HH:mmK", "yyyy-MM-dd HH:mm:ssK"];

    static readonly Option<ExportLayout> Layout = ChoiceOption.Create<ExportLayout>(
        "--layout", "The format of the rows; see docs/annotating.md");
    static readonly Option<string> Output = new("--output")
    {
        HelpName = "FOLDER", Description = "A folder, or a .zip file", Required = true,
    };
    static readonly Option<bool> Force = new("--force") { Description = "Replace an existing export" };
    static readonly Option<bool> EachVote = new("--each-vote") { Description = "Write a row for each annotation instead of the majority" };
    static readonly Option<bool> ByAbility = new("--by-ability")
    {
        Description = "Weight votes by the annotators' estimated ability: pairs have the probability 'label' instead of 'votes'",
    };
    static readonly Option<string[]> Questions = new("--question")
    {
        HelpName = "KEY[=WEIGHT]",
        Description = "Only decisions on this question; repeat it for pairs of several questions, weighted such as harmless=2",
    };
    static readonly Option<bool> Judges = new("--judges") { Description = "Count the votes of judges like those of people" };
    static readonly Option<string[]> Person = new("--person")
    {
        HelpName = "NAME", Description = "Only annotations by this person; may be repeated",
    };
    static readonly Option<string?> From = new("--from")
    {
        HelpName = "TIME", Description = "Only annotations from this time on, such as 2026-03-01 (UTC)",
    };
    static readonly Option<string?> To = new("--to") { HelpName = "TIME", Description = "Only annotations before this time" };
    static readonly Option<int> Strength = new("--strength") { Description = "Only annotations with at least this margin" };
    static readonly Option<double> ChecksRight = NumberOption.Create(
        "--checks-right", "Only annotators with at least this share of attention checks right", 0);
    static readonly Option<bool> ReviewedOnly = new("--reviewed-only")
    {
        Description = "Only annotations that a reviewer accepted, and adjudications",
    };
    static readonly Option<int> Decisions = new("--decisions")
    {
        Description = "Only items with at least this many annotations", DefaultValueFactory = _ => 1,
    };
    static readonly Option<double> Agreement = NumberOption.Create(
        "--agreement", "Only items where at least this share of the votes agrees", 0);
    static readonly Option<Flagged> Flags = ChoiceOption.Create<Flagged>("--flags", "What to do with flagged items");
    static readonly Option<bool> IdealFirst = new("--ideal-first")
    {
        Description = "Prefer ideal responses that annotators wrote to all others",
    };
    static readonly Option<double> HeldOut = NumberOption.Create("--held-out", "The share of prompts to hold out", 0);
    static readonly Option<int> Seed = new("--seed") { Description = "The seed that decides which prompts are held out" };

    public static Command Create()
    {
        var command = new Command("export", "Export annotations for training or a spreadsheet")
        {
            FeedbackCommand.Project, Output, Layout, FeedbackCommand.Folder, FeedbackCommand.Store, Questions, EachVote, ByAbility, Judges,
            Person, From, To, Strength, ChecksRight, ReviewedOnly, Decisions, Agreement, Flags, IdealFirst, HeldOut, Seed, Force,
        };
        command.SetAction(Export);
        return CommandHelp.WithExample(command, """
            attune feedback export --project hotel --layout pairs --agreement 0.6 --held-out 0.1 --output data/hotel
            attune reward recipes/reward.yaml data.train=data/hotel/train.jsonl data.heldOut=data/hotel/heldout.jsonl run.output=runs/hotel
            """);
    }

    static int Export(ParseResult parsed)
    {
        var (options, output, force) = (OptionsOf(parsed), parsed.GetValue(Output)!, parsed.GetValue(Force));
        using var store = FeedbackCommand.Open(parsed);
        var project = FeedbackCommand.Find(store, parsed.GetValue(FeedbackCommand.Project)!);
        var manifest = output.EndsWith(".zip", StringComparison.OrdinalIgnoreCase)
            ? ExportArchive.Write(store, project, options, output, force)
            : store.Exports.Snapshot(project, options, output, replace: force);
        Print(output, manifest);
        return 0;
    }

    static ExportOptions OptionsOf(ParseResult parsed) => new()
    {
        Layout = parsed.GetValue(Layout),
        EachVote = parsed.GetValue(EachVote),
        ByAbility = parsed.GetValue(ByAbility),
        Questions = [.. (parsed.GetValue(Questions) ?? []).Select(Question)],
        Judges = parsed.GetValue(Judges),
        People = parsed.GetValue(Person) ?? [],
        From = Time("--from", parsed.GetValue(From)),
        To = Time("--to", parsed.GetValue(To)),
        LeastStrength = parsed.GetValue(Strength),
        LeastRight = parsed.GetValue(ChecksRight),
        ReviewedOnly = parsed.GetValue(ReviewedOnly),
        LeastDecisions = parsed.GetValue(Decisions),
        LeastAgreement = parsed.GetValue(Agreement),
        Flagged = parsed.GetValue(Flags),
        IdealFirst = parsed.GetValue(IdealFirst),
        HeldOut = parsed.GetValue(HeldOut),
        Seed = parsed.GetValue(Seed),
    };

    static QuestionWeight Question(string text)
    {
        var parts = text.Split('=', 2);
        return parts.Length == 1 ? new(text)
            : double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var weight) ? new(parts[0], weight)
            : throw new InvalidDataException($"--question: the weight must be a number, such as {parts[0]}=2 (was {parts[1]}).");
    }

    /// <summary>A date or a time of ISO 8601, in UTC unless it names another zone; other notations differ between countries.</summary>
    static DateTimeOffset? Time(string name, string? text) => text is null ? null
        : DateTimeOffset.TryParseExact(text, IsoTimes, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time
        : throw new InvalidDataException($"{name} must be a date such as 2026-03-01 or a time such as 2026-03-01T09:00:00Z (was {text}).");

    static void Print(string output, ExportManifest manifest)
    {
        var counts = manifest.Counts;
        Console.Out.WriteLine(
            $"{output}: {Rows(counts.TrainRows, counts.TrainPrompts)} for training, "
            + $"{Rows(counts.HeldOutRows, counts.HeldOutPrompts)} held out");
        Console.Out.WriteLine(
            $"{Quantity.Of(counts.Items, "item")}; left out: {counts.LeftOutByFlags:N0} flagged, "
            + $"{counts.LeftOutByDecisions:N0} with too few annotations, "
            + $"{counts.LeftOutByAgreement:N0} with too little agreement, {counts.Undecided:N0} without a row in this layout");
        if (counts.Agreement is { } agreement)
        {
            var share = agreement.ToString("P1", CultureInfo.InvariantCulture);
            Console.Out.WriteLine($"{share} of the votes on items with two or more votes agree with the majority");
        }
        foreach (var file in manifest.Files)
            Console.Out.WriteLine($"{file.Sha256}  {file.Name}");

        static string Rows(int rows, int prompts) => $"{Quantity.Of(rows, "row")} of {Quantity.Of(prompts, "prompt")}";
    }
}
