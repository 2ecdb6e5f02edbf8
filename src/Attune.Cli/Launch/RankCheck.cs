using System.Diagnostics;
using System.Globalization;
using System.Text;
using Attune.Torch;
using Attune.Torch.Distributed;

namespace Attune.Cli.Launch;

/// <summary><c>attune doctor --ranks</c>: whether all ranks of a job reach each other, and how fast.</summary>
static class RankCheck
{
    const int Mebibyte = 1 << 20;

    static readonly int[] Sizes = [1, 25, 100];

    /// <param name="seconds">For how long tensors are exchanged after the measurements.</param>
    /// <param name="computing">For how long ranks then work without an exchange.</param>
    public static int Run(double seconds, double computing)
    {
        var ranks = Ranks.Current;
        if (ranks.Count == 1)
            throw new InvalidDataException(
                "`doctor --ranks` checks the connections of several processes. Start them with a launcher:\n"
                + "  attune launch --processes 2 -- doctor --ranks");
        var names = ranks.Gather(Encoding.UTF8.GetBytes($"{Environment.MachineName}, process {Environment.ProcessId}"));
        Print("backends", ProcessGroup.Backends);
        foreach (var (rank, name) in names.Index())
            Print($"rank {rank}", Encoding.UTF8.GetString(name));
        Print("latency", $"{Seconds(ranks, elements: 1, times: 200) * 1e6:N0} µs for the sum of one number");
        foreach (var size in Sizes)
        {
            var time = Seconds(ranks, size * Mebibyte / sizeof(float), times: 5);
            Print($"{size} MiB", string.Create(CultureInfo.InvariantCulture, $"{size / time:N0} MiB/s, {time * 1000:N1} ms for a sum"));
        }
        Repeat(ranks, seconds);
        Thread.Sleep(TimeSpan.FromSeconds(computing));
        return 0;
    }

    /// <summary>The median time of a sum over all ranks.</summary>
    static double Seconds(IRanks ranks, int elements, int times)
    {
        using var tensor = Tensor.Zeros([elements]);
        ranks.Sum([tensor]);
        var seconds = new double[times];
        for (var i = 0; i < times; i++)
        {
            var clock = Stopwatch.StartNew();
            ranks.Sum([tensor]);
            seconds[i] = clock.Elapsed.TotalSeconds;
        }
        Array.Sort(seconds);
        return seconds[times / 2];
    }

    static void Repeat(IRanks ranks, double seconds)
    {
        if (seconds <= 0)
            return;
        Print("exchange", string.Create(CultureInfo.InvariantCulture, $"for {seconds:N0} seconds …"));
        var clock = Stopwatch.StartNew();
        var sums = 0;
        for (; ranks.FromFirst([clock.Elapsed.TotalSeconds < seconds ? (byte)1 : (byte)0])[0] == 1; sums++)
            Seconds(ranks, Mebibyte / sizeof(float), times: 5);
        Print("exchanges", $"{sums * 6:N0} sums of 1 MiB");
    }

    static void Print(string name, string value)
    {
        if (Ranks.IsFirst)
            Console.Out.WriteLine($"{name,-10} {value}");
    }
}
