using System.CommandLine;
using Attune.Cli.Display;
using Attune.Cli.Studies;
using Attune.Reporting.Studies;
using Attune.Training.Studies;
using Microsoft.Extensions.Logging;

namespace Attune.Cli.Commands;

/// <summary><c>attune study FILE</c>: compares variants of a recipe over several seeds.</summary>
static class StudyCommand
{
    static readonly Argument<string[]> Arguments = new("arguments")
    {
        HelpName = "STUDY.yaml [KEY=VALUE ...]",
        Description = "A study file, and values of keys of the recipe in every run",
        Arity = ArgumentArity.OneOrMore,
    };
    static readonly Option<int> Jobs = new("--jobs")
    {
        Description = "Runs to train at once; 0 trains nothing and reports the finished runs",
        DefaultValueFactory = _ => 1,
    };
    static readonly Option<string?> Output = new("--output")
    {
        HelpName = "FOLDER", Description = "The folder of all runs (default: the study file's output)",
    };
    static readonly Option<string?> Page = new("--write")
    {
        HelpName = "FOLDER", Description = "A folder to write the Markdown page and its charts to",
    };
    static readonly Option<string?> Only = new("--run")
    {
        Description = "VARIANT/seed-N: train this run only, until standard input ends",
        Hidden = true,
    };
    static readonly Option<LogLevel> Log = ConsoleLog.Option(LogLevel.None);

    public static Command Create()
    {
        var command = new Command("study", "Compare variants of a recipe over several seeds") { Arguments, Jobs, Output, Page, Only, Log };
        command.SetAction(Run);
        return CommandHelp.WithExample(command, "attune study studies/ppo.yaml --jobs 2 --write docs/studies");
    }

    static int Run(ParseResult parsed)
    {
        var (file, overrides) = Commands.TrainingArguments.Split(parsed.GetValue(Arguments)!);
        var output = parsed.GetValue(Output);
        if (file is null)
            throw new InvalidDataException("Name a study file; only key=value arguments were given.");
        var plan = StudyReader.Read(file, output, overrides);
        var log = parsed.GetValue(Log);
        if (parsed.GetValue(Only) is { } name)
            return TrainOne(plan, name, log);
        string[] command =
        [
            "study", file, .. overrides, .. output is null ? Array.Empty<string>() : ["--output", output],
            "--log", ChoiceOption.Name(log),
        ];
        return TrainAll(plan, command, parsed.GetValue(Jobs), parsed.GetValue(Page));
    }

    static int TrainOne(StudyPlan plan, string name, LogLevel log)
    {
        var run = plan.Runs.FirstOrDefault(run => run.Run.Name == name)
            ?? throw new InvalidDataException($"--run must name a run of the study, such as {plan.Runs[0].Run.Name} (was '{name}').");
        using var console = new TrainingConsole(log);
        console.Interruption.StopWhenInputEnds();
        run.Train(console.Display, console.Token);
        return 0;
    }

    static int TrainAll(StudyPlan plan, string[] command, int jobs, string? page)
    {
        if (jobs < 0)
            throw new InvalidDataException($"--jobs must be at least 0 (was {jobs}).");
        if (jobs > 1 && plan.Runs.FirstOrDefault(planned => planned.Recipe.Run.Threads == 0) is { } run)
            throw new InvalidDataException(
                $"--jobs: {run.Run.Name} uses all processors (run.threads is 0). With {jobs} runs at once, add run.threads=1 to `set`.");
        StudyResult result;
        using (var console = new TrainingConsole(LogLevel.None))
            result = new StudyRunner(plan.Study, command, jobs, console.Display, console.Token).Run();
        var written = page is null ? "" : $"\nThe page:    {StudyPage.Write(result, page)}";
        Console.Out.WriteLine($"The report:  {plan.Study.Report}{written}");
        return result.Failures.Count == 0 ? 0 : CommandLine.Failed;
    }
}
