using System.CommandLine;
using System.Globalization;
using Attune.Cli.Display;
using Attune.Reporting.Charts;
using Attune.Reporting.Files;
using Attune.Reporting.Pages;
using Attune.Reporting.Reports;
using Attune.Reporting.Runs;
using Attune.Training.Recipes;
using Spectre.Console;
using Cell = Spectre.Console.Text;

namespace Attune.Cli.Commands;

/// <summary><c>attune runs list</c>, <c>compare</c> and <c>tail</c>: runs in the terminal.</summary>
static class RunsCommand
{
    const string CompareExample = "attune runs compare runs/quickstart/1-pretrain runs/quickstart/2-sft --metric eval/loss";
    const int MostFigures = 3;
    const int WidthOfFiles = 200;

    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public static Command Create() => CommandHelp.WithExample(
        new Command("runs", "List, compare and follow training runs") { List(), Compare(), Tail() }, CompareExample);

    static Command List()
    {
        var folder = new Argument<string>("folder")
        {
            HelpName = "FOLDER", Description = "The folder that has the runs (default: runs)", DefaultValueFactory = _ => "runs",
        };
        var command = new Command("list", "List runs, the newest first") { folder };
        command.SetAction(parsed => PrintList(parsed.GetValue(folder)!));
        return CommandHelp.WithExample(command, "attune runs list");
    }

    static Command Compare()
    {
        var runs = new Argument<string[]>("runs")
        {
            HelpName = "RUNS", Description = "Folders of runs", Arity = ArgumentArity.OneOrMore,
        };
        var metrics = new Option<string[]>("--metric")
        {
            HelpName = "NAME", Description = "A metric to draw, as in metrics.jsonl; may be repeated (default: the main ones)",
            DefaultValueFactory = _ => [],
        };
        var smooth = new Option<string?>("--smooth")
        {
            HelpName = "WEIGHT", Description = "Exponential smoothing, 0 to below 1 (default: noisy curves only)",
        };
        var log = new Option<string?>("--log-axis") { HelpName = "x|y|xy", Description = "Logarithmic axes" };
        var (from, to) = (Step("--from", "The first step to draw"), Step("--to", "The last step to draw"));
        var report = new Option<string?>("--report") { HelpName = "FILE", Description = "An HTML file to write with all main metrics" };
        var command = new Command("compare", "Compare the curves, recipes and last values of runs")
        {
            runs, metrics, smooth, log, from, to, report,
        };
        command.SetAction(parsed => PrintComparison(
            parsed.GetValue(runs)!, parsed.GetValue(metrics)!,
            ChartView.Parse(parsed.GetValue(smooth), parsed.GetValue(log), parsed.GetValue(from), parsed.GetValue(to)),
            parsed.GetValue(report)));
        return CommandHelp.WithExample(command, CompareExample);
    }

    static Option<string?> Step(string name, string description) => new(name) { HelpName = "STEP", Description = description };

    static Command Tail()
    {
        var run = new Argument<string>("run") { HelpName = "RUN", Description = "The folder of a run" };
        var lines = new Option<int>("--lines")
        {
            HelpName = "N", Description = "How many of the last lines to print first", DefaultValueFactory = _ => 10,
        };
        var command = new Command("tail", "Print the last steps of a run, and the next ones until it ends") { run, lines };
        command.SetAction(parsed => Follow(Find(parsed.GetValue(run)!), parsed.GetValue(lines)));
        return CommandHelp.WithExample(command, "attune runs tail runs/quickstart/5-ppo");
    }

    static int PrintList(string folder)
    {
        if (!Directory.Exists(folder))
            throw new InvalidDataException($"there is no folder {folder}; name the folder that has the runs");
        var table = new Table().Border(TableBorder.Simple);
        foreach (var title in new[] { "Run", "Method", "State", "Steps", "Last values", "Last step at" })
            table.AddColumn(title);
        foreach (var run in RunSearch.Below(folder).OrderByDescending(RunSearch.ChangedAt).ThenBy(run => run.Path, StringComparer.Ordinal))
            table.AddRow(Row(folder, run));
        if (table.Rows.Count == 0)
            Console.Out.WriteLine($"{folder} has no runs");
        else
            Terminal().Write(table);
        return 0;
    }

    static Cell[] Row(string folder, RunFolder run)
    {
        var (record, method) = (RunRecord.ReadEnd(run), MethodOf(run));
        var (done, total) = RunSteps.Count(record, RecipeText.Read(run));
        var figures = LastFigure.Main(record, method).Take(MostFigures).Select(figure => $"{figure.Title} {figure.Value}");
        return
        [
            new(Path.GetRelativePath(folder, run.Path)), new(method.Name), new(StateOf(run)),
            new(total > done && !run.IsFinished ? $"{done:N0} of {total:N0}" : $"{done:N0}"), new(string.Join("\n", figures)),
            new(RunSearch.ChangedAt(run).LocalDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)),
        ];
    }

    static string StateOf(RunFolder run) => run.IsFinished ? "finished" : run.IsInUse ? "running" : "stopped";

    static int PrintComparison(string[] names, string[] metrics, ChartView view, string? report)
    {
        var folders = names.Select(Find).ToList();
        var compared = new ComparedRuns(
            [.. names.Zip(folders, (name, run) => new ComparedRun(name, MethodOf(run), RunRecord.Read(run), RecipeText.Read(run)))], view);
        if (metrics.Except(compared.Names).FirstOrDefault() is { } unknown)
            throw new InvalidDataException(
                $"no run has the metric '{unknown}'; the metrics are {string.Join(", ", compared.Names)}");
        var terminal = Terminal();
        foreach (var chart in metrics.Length > 0 ? metrics.Select(compared.ChartOf) : compared.Charts)
        {
            terminal.Write(new TerminalChart(chart, terminal.Profile.Capabilities.ColorSystem != ColorSystem.NoColors));
            terminal.WriteLine();
        }
        if (compared.Differences.Count > 0 && names.Length > 1)
            terminal.Write(TableOf("Recipe key", names, compared.Differences));
        terminal.Write(TableOf(
            "Last value", names, compared.Last.Where(row => metrics.Length == 0 || metrics.Contains(row.Metric.Name))
                .Select(row => (row.Metric.Name, row.Values))));
        if (report is null)
            return 0;
        HtmlReport.Write(report, compared.Page());
        Console.Out.WriteLine($"the report is in {report}");
        return 0;
    }

    static Table TableOf(string head, string[] names, IEnumerable<(string Key, IReadOnlyList<string?> Values)> rows)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn(head);
        foreach (var name in names)
            table.AddColumn(new TableColumn(new Cell(name)));
        foreach (var (key, values) in rows)
            table.AddRow([new Cell(key), .. values.Select(value => new Cell(value ?? "–"))]);
        return table;
    }

    /// <summary>Prints lines of metrics.jsonl as they are written, until the run ends or the command is stopped.</summary>
    static int Follow(RunFolder run, int lines)
    {
        using var interruption = new CancellationOnSignal();
        var printed = JsonLinesLog.Read(run.Metrics).Count() - lines;
        while (true)
        {
            var isOpen = !run.IsFinished && run.IsInUse;
            printed = PrintAfter(run, Math.Max(0, printed));
            if (!isOpen || interruption.Token.WaitHandle.WaitOne(Pause))
                break;
        }
        Console.Error.WriteLine($"attune: {run.Path}: {StateOf(run)}");
        return 0;
    }

    static int PrintAfter(RunFolder run, int printed)
    {
        var method = MethodOf(run);
        foreach (var line in JsonLinesLog.Read(run.Metrics).Skip(printed))
        {
            var values = line.Where(pair => pair.Key is not ("step" or "time/seconds"))
                .Select(pair => (Metric: MetricGuide.Find(pair.Key, method), Value: (double?)(pair.Value?.AsValue().TryGetValue(
                    out double number) == true ? number : null)))
                .Where(pair => pair.Value is not null && MetricGuide.IsMain(pair.Metric, method)).OrderBy(pair => pair.Metric.Rank)
                .Select(pair => $"{pair.Metric.Name} {pair.Metric.WithSign(NumberFormat.Number(pair.Value!.Value * pair.Metric.Scale))}");
            Console.Out.WriteLine($"step {line["step"],-6} {string.Join("  ", values)}");
            printed++;
        }
        return printed;
    }

    static RunFolder Find(string path) => new RunFolder(path) is { HasStarted: true } run
        ? run
        : throw new InvalidDataException($"{path} is not the folder of a run; `attune runs list` lists the runs below a folder");

    static MethodDescription MethodOf(RunFolder run)
    {
        var name = RecipeText.MethodOf(run);
        return MethodCatalog.All.FirstOrDefault(method => method.Name == name) ?? new MethodDescription(name);
    }

    /// <summary>The console, with colours on a terminal only, and wide where it has no width.</summary>
    static IAnsiConsole Terminal()
    {
        var isLive = Displays.WantsLive(Console.IsOutputRedirected, Environment.GetEnvironmentVariable);
        var terminal = AnsiConsole.Create(new()
        {
            Out = new AnsiConsoleOutput(Console.Out),
            Ansi = isLive ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isLive ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        });
        if (Console.IsOutputRedirected)
            terminal.Profile.Width = WidthOfFiles;
        return terminal;
    }
}
