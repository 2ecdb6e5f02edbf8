using System.CommandLine;
using Attune.Cli.Bench;
using Attune.Torch;
using Attune.Training.Policies;

namespace Attune.Cli.Commands;

/// <summary>
/// <c>attune bench JOB</c>: times a job on random weights and compares it with the machine's matrix product; prints one line of JSON.
/// </summary>
static class BenchCommand
{
    const int OperatorsShown = 40;

    static readonly Argument<string> Job = new("job") { HelpName = string.Join('|', Benchmark.Jobs), Description = "What to measure" };
    static readonly Option<string> Preset = new("--preset")
    {
        HelpName = "S|M|L|T", Description = "Model size: S or M for a CPU, L for a GPU, T for tests", DefaultValueFactory = _ => "S",
    };
    static readonly Option<int> Steps = new("--steps")
    {
        Description = "Steps to measure, after one warm-up step", DefaultValueFactory = _ => 3,
    };
    static readonly Option<int> Threads = new("--threads") { Description = "Threads of one operator (run.threads)" };
    static readonly Option<int> Workers = new("--workers") { Description = "Micro-batches processed in parallel (training.workers)" };
    static readonly Option<int?> MicroBatch = new("--micro-batch")
    {
        Description = "Examples of a forward pass (training.microBatchSize); 0 for the whole batch",
    };
    static readonly Option<string> On = new("--device")
    {
        HelpName = "auto|cpu|cuda|cuda:N", Description = "The device", DefaultValueFactory = _ => "cpu",
    };
    static readonly Option<string> Dtype = new("--dtype")
    {
        HelpName = "auto|float32|bfloat16",
        Description = "The type of matrix products (default: the preset's)",
        DefaultValueFactory = _ => "",
    };
    static readonly Option<CriticKind> Critic = ChoiceOption.Create<CriticKind>("--critic", "The critic of ppo");
    static readonly Option<bool> Profile = new("--profile") { Description = "Print the time of each operator" };

    public static Command Create()
    {
        var command = new Command("bench", "Measure speed and memory of a job, relative to the machine's matrix product")
        {
            Job, Preset, Steps, Threads, Workers, MicroBatch, Critic, On, Dtype, Profile,
        };
        Job.AcceptOnlyFromAmong([.. Benchmark.Jobs]);
        command.SetAction(Measure);
        return CommandHelp.WithExample(command, "attune bench ppo --preset S --profile");
    }

    static int Measure(ParseResult parsed)
    {
        var options = new BenchmarkOptions
        {
            Job = parsed.GetValue(Job)!,
            Preset = BenchmarkPreset.Named(parsed.GetValue(Preset)!),
            Steps = Math.Max(1, parsed.GetValue(Steps)),
            Threads = parsed.GetValue(Threads),
            Workers = Math.Max(0, parsed.GetValue(Workers)),
            MicroBatchSize = parsed.GetValue(MicroBatch),
            Critic = parsed.GetValue(Critic),
            Device = parsed.GetValue(On)!,
            Dtype = parsed.GetValue(Dtype)!,
            Profile = parsed.GetValue(Profile),
        };
        var (figures, operators) = Benchmark.Measure(options);
        Console.Out.WriteLine(figures.ToJsonString(JsonText.Readable));
        Show(operators);
        return 0;
    }

    static void Show(IReadOnlyList<OperatorTime> operators)
    {
        var total = operators.Sum(row => row.Seconds);
        foreach (var row in operators.Take(OperatorsShown))
        {
            var (share, average) = (100 * row.Seconds / total, 1e6 * row.Seconds / row.Calls);
            Console.Error.WriteLine($"{share,5:F1} %  {row.Seconds,8:F3} s  {row.Calls,7} ×  {average,9:F1} µs  {row.Name}");
        }
    }
}
