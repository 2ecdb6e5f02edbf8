using System.CommandLine;
using System.Globalization;
using Attune.Store.Export;

namespace Attune.Cli.Commands;

/// <summary><c>attune feedback export --project NAME --output FOLDER</c>: what people decided, as files that training reads.</summary>
static class FeedbackExport
{
    static readonly Option<ExportLayout> Layout = new("--layout") { Description = "pairs, rankings, kto, hh, demonstrations or csv" };
    static readonly Option<string> Output = new("--output") { Description = "A folder, or a .zip file", Required = true };
    static readonly Option<bool> Force = new("--force") { Description = "Whether an export that is there makes way" };
    static readonly Option<bool> EachVote = new("--each-vote") { Description = "A row for each vote, not for the majority" };
    static readonly Option<string[]> Person = new("--person") { Description = "Only what this person decided; may be repeated" };
    static readonly Option<string?> From = new("--from") { Description = "Only what was decided then or later, such as 2026-03-01 (UTC)" };
    static readonly Option<string?> To = new("--to") { Description = "Only what was decided before" };
    static readonly Option<int> Strength = new("--strength") { Description = "Only decisions of this strength or more" };
    static readonly Option<double> ChecksRight = NumberOption.Create("--checks-right", "Only of people with this share of attention checks right", 0);
    static readonly Option<int> Decisions = new("--decisions") { Description = "Only items about which so many people decided", DefaultValueFactory = _ => 1 };
    static readonly Option<double> Agreement = NumberOption.Create("--agreement", "Only items where this share of the votes agrees", 0);
    static readonly Option<Flagged> Flags = new("--flags") { Description = "Flagged items: exclude, include or only" };
    static readonly Option<bool> IdealFirst = new("--ideal-first") { Description = "Ideal answers that people wrote are preferred to all others" };
    static readonly Option<double> HeldOut = NumberOption.Create("--held-out", "The share of prompts set aside to measure", 0);
    static readonly Option<int> Seed = new("--seed") { Description = "Which prompts are set aside" };

    public static Command Create()
    {
        var command = new Command("export", "Write what people decided as files for training or a spreadsheet")
        {
            FeedbackCommand.Project, Output, Layout, FeedbackCommand.Folder, EachVote, Person, From, To, Strength, ChecksRight, Decisions, Agreement, Flags,
            IdealFirst, HeldOut, Seed, Force,
        };
        command.SetAction(Export);
        return CommandHelp.WithExample(command, """
            attune feedback export --project hotel --layout pairs --decisions 2 --agreement 0.6 --held-out 0.1 --output data/hotel
            attune reward model=runs/sft/model data.train=data/hotel/train.jsonl data.heldOut=data/hotel/heldout.jsonl
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
        Say(output, manifest);
        return 0;
    }

    static ExportOptions OptionsOf(ParseResult parsed) => new()
    {
        Layout = parsed.GetValue(Layout),
        EachVote = parsed.GetValue(EachVote),
        People = parsed.GetValue(Person) ?? [],
        From = Time("--from", parsed.GetValue(From)),
        To = Time("--to", parsed.GetValue(To)),
        LeastStrength = parsed.GetValue(Strength),
        LeastRight = parsed.GetValue(ChecksRight),
        LeastDecisions = parsed.GetValue(Decisions),
        LeastAgreement = parsed.GetValue(Agreement),
        Flagged = parsed.GetValue(Flags),
        IdealFirst = parsed.GetValue(IdealFirst),
        HeldOut = parsed.GetValue(HeldOut),
        Seed = parsed.GetValue(Seed),
    };

    static DateTimeOffset? Time(string name, string? text) => text is null ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time
        : throw new InvalidDataException($"{name}: a day such as 2026-03-01, or a time such as 2026-03-01T09:00:00Z, was expected, found {text}");

    static void Say(string output, ExportManifest manifest)
    {
        var counts = manifest.Counts;
        Console.Out.WriteLine($"{output}: {counts.TrainRows:N0} rows of {counts.TrainPrompts:N0} prompts to learn from, {counts.HeldOutRows:N0} rows of {counts.HeldOutPrompts:N0} prompts held out");
        Console.Out.WriteLine($"items {counts.Items:N0}; left out: {counts.LeftOutByFlags:N0} flagged, {counts.LeftOutByDecisions:N0} with too few decisions, {counts.LeftOutByAgreement:N0} with too little agreement; {counts.Undecided:N0} say nothing in this layout");
        if (counts.Agreement is { } agreement)
            Console.Out.WriteLine($"{agreement.ToString("P1", CultureInfo.InvariantCulture)} of the votes on items with two or more say what the majority says");
        foreach (var file in manifest.Files)
            Console.Out.WriteLine($"{file.Sha256}  {file.Name}");
    }
}
