using System.Diagnostics;
using Attune.Testing;

namespace Attune.Benchmarks;

/// <summary>How long commands take that do little: <c>./attune --help</c>, and <c>./attune score</c> with three lines.</summary>
static class StartTimes
{
    const int Rounds = 9;
    const int Lines = 3;

    public static void Measure(string model, TextWriter output)
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("three.jsonl");
        File.WriteAllLines(file, File.ReadLines("data/frontdesk/rankings-heldout.jsonl").Take(Lines));
        Report("./attune --help", ["--help"]);
        Report($"./attune score with {Lines} lines", ["score", model, file]);

        void Report(string what, string[] arguments)
        {
            var seconds = Enumerable.Range(0, Rounds).Select(_ => Run(arguments)).Order().ToList();
            output.WriteLine($"{seconds[Rounds / 2]:0.00} s, the median of {seconds[0]:0.00} to {seconds[^1]:0.00}: {what}");
        }
    }

    static double Run(string[] arguments)
    {
        var start = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo("./attune", arguments)
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? Stopwatch.GetElapsedTime(start).TotalSeconds
            : throw new InvalidOperationException($"./attune {string.Join(' ', arguments)} failed: {errors.GetAwaiter().GetResult()}");
    }
}
