using System.CommandLine;
using Attune.Cli.Display;
using Attune.Cli.Studies;
using Attune.Reporting.Studies;
using Attune.Training.Studies;

namespace Attune.Cli.Commands;

/// <summary><c>attune study FILE</c>: variants of a recipe with several seeds each, compared.</summary>
static class StudyCommand
{
    static readonly Argument<string[]> Words = new("words")
    {
        Description = "A study file, and key=value words over its recipe in every run",
        Arity = ArgumentArity.OneOrMore,
    };
    static readonly Option<int> Jobs = new("--jobs")
    {
        Description = "Runs at once; 0 trains nothing and reports what has ended",
        DefaultValueFactory = _ => 1,
    };
    static readonly Option<string?> Output = new("--output") { Description = "The folder for all runs, in the place of the file's" };
    static readonly Option<string?> Page = new("--write") { Description = "A folder for the Markdown page and its pictures" };
    static readonly Option<string?> Only = new("--run")
    {
        Description = "VARIANT/seed-N: this run alone, while standard input is open",
        Hidden = true,
    };

    public static Command Create()
    {
        var command = new Command("study", "Compare variants of a recipe over seeds") { Words, Jobs, Output, Page, Only };
        command.SetAction(Run);
        return CommandHelp.WithExample(command, "attune study studies/ppo.yaml --jobs 2 --write docs/studies");
    }

    static int Run(ParseResult parsed)
    {
        var (file, overrides) = Commands.TrainingArguments.Split(parsed.GetValue(Words)!);
        var output = parsed.GetValue(Output);
        if (file is null)
            throw new InvalidDataException("a study file was expected, found only key=value words");
        var plan = StudyReader.Read(file, output, overrides);
        if (parsed.GetValue(Only) is { } name)
            return TrainOne(plan, name);
        string[] again = ["study", file, .. overrides, .. output is null ? Array.Empty<string>() : ["--output", output]];
        return TrainAll(plan, again, parsed.GetValue(Jobs), parsed.GetValue(Page));
    }

    static int TrainOne(StudyPlan plan, string name)
    {
        var run = plan.Runs.FirstOrDefault(run => run.Run.Name == name)
            ?? throw new InvalidDataException($"--run: a run of the study, such as {plan.Runs[0].Run.Name}, was expected, found '{name}'");
        using var interruption = new CancellationOnSignal();
        interruption.StopWhenInputEnds();
        using var display = new PlainDisplay(Console.Out, TimeProvider.System);
        run.Train(display, interruption.Token);
        return 0;
    }

    static int TrainAll(StudyPlan plan, string[] words, int jobs, string? page)
    {
        if (jobs < 0)
            throw new InvalidDataException($"--jobs: a number of at least 0 was expected, found {jobs}");
        if (jobs > 1 && plan.Runs.FirstOrDefault(run => run.Recipe.Run.Threads == 0) is { } wide)
            throw new InvalidDataException(
                $"--jobs: {wide.Run.Name} has run.threads 0, all processors; with {jobs} runs at once, write run.threads=1 under set");
        StudyResult result;
        using (var interruption = new CancellationOnSignal())
        using (var display = Displays.Pick())
            result = new StudyRunner(plan.Study, words, jobs, display, interruption.Token).Run();
        var written = page is null ? "" : $"\nThe page:    {StudyPage.Write(result, page)}";
        Console.Out.WriteLine($"The report:  {plan.Study.Report}{written}");
        return result.Failures.Count == 0 ? 0 : CommandLine.Failed;
    }
}
