using System.CommandLine;
using Attune.Cli.Bench;
using Attune.Torch;
using Attune.Training.Policies;

namespace Attune.Cli.Commands;

/// <summary><c>attune bench JOB</c>: how fast a job is on random weights, and how fast it could be, as one line of JSON.</summary>
static class BenchCommand
{
    const int OperatorsShown = 40;

    static readonly Argument<string> Job = new("job") { Description = string.Join(", ", Benchmark.Jobs) };
    static readonly Option<string> Preset = new("--preset") { Description = "S or M for a CPU, L for a GPU, T for a test", DefaultValueFactory = _ => "S" };
    static readonly Option<int> Steps = new("--steps") { Description = "Steps that are measured, behind one that warms up", DefaultValueFactory = _ => 3 };
    static readonly Option<int> Threads = new("--threads") { Description = "Threads of one operator; 0 for all processors" };
    static readonly Option<int> Workers = new("--workers") { Description = "As training.workers", DefaultValueFactory = _ => 1 };
    static readonly Option<int> MicroBatch = new("--micro-batch") { Description = "As training.microBatchSize" };
    static readonly Option<string> On = new("--device") { Description = "auto, cpu or cuda", DefaultValueFactory = _ => "cpu" };
    static readonly Option<string> Dtype = new("--dtype") { Description = "float32 or bfloat16; the preset's own without it", DefaultValueFactory = _ => "" };
    static readonly Option<CriticKind> Critic = new("--critic") { Description = "Of ppo: head or model" };
    static readonly Option<bool> Profile = new("--profile") { Description = "Show where the time goes, operator by operator" };

    public static Command Create()
    {
        var command = new Command("bench", "Measure the speed and the memory of a job, beside what the machine could do")
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
            Workers = Math.Max(1, parsed.GetValue(Workers)),
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
            Console.Error.WriteLine($"{100 * row.Seconds / total,5:F1} %  {row.Seconds,8:F3} s  {row.Calls,7} ×  {1e6 * row.Seconds / row.Calls,9:F1} µs  {row.Name}");
    }
}
