using System.Globalization;

namespace Attune.Torch.Distributed;

/// <summary>Messages about a rank that has failed. They complete "Rank 1 …".</summary>
static class RankFailures
{
    public const string Closed = "does not answer: its connection was closed. Its process was killed, or its machine has failed.";

    public static string Silent => $"does not answer: nothing was received from it for {Text(RankMonitor.Silence)}. "
        + "Its machine cannot be reached, or its process was stopped.";

    public static string Reason(string reason) => $"has failed: {reason}";

    public static string Describe(int rank, string text) => rank < 0 ? text : $"Rank {rank} {text}";

    public static string Text(TimeSpan time) => time.TotalSeconds is var seconds && seconds >= 120 && seconds % 60 == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:F0} minutes")
        : string.Create(CultureInfo.InvariantCulture, $"{seconds:F0} seconds");
}
