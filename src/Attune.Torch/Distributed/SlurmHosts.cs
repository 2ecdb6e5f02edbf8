using System.Globalization;
using System.Text.RegularExpressions;

namespace Attune.Torch.Distributed;

/// <summary>Reads the lists in Slurm's environment variables.</summary>
static partial class SlurmHosts
{
    /// <summary>The first machine of a list such as <c>node[01-04,7],b3</c>; null if it is not a list.</summary>
    public static string? First(string list)
    {
        var first = FirstEntry().Match(list);
        if (!first.Success)
            return null;
        return Range().Replace(first.Value, range => range.Groups["first"].Value);
    }

    /// <summary>The number of tasks of a machine, by its index in a list such as <c>4(x2),1</c>; null if it is not there.</summary>
    public static int? TasksOf(string list, int node)
    {
        foreach (var entry in list.Split(','))
        {
            var match = Tasks().Match(entry);
            if (!match.Success)
                return null;
            var (tasks, repeated) = (Number(match.Groups["tasks"].Value), Number(match.Groups["repeated"].Value, missing: 1));
            if (node < repeated)
                return tasks;
            node -= repeated;
        }
        return null;
    }

    static int Number(string text, int missing = 0) => text.Length == 0 ? missing : int.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>Up to the first comma outside of brackets; a name may have several brackets, as in <c>rack[0-3]node[1-8]</c>.</summary>
    [GeneratedRegex(@"^([\w.-]|\[\d[\d,-]*\])+(?=,|$)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FirstEntry();

    [GeneratedRegex(@"\[(?<first>\d+)[\d,-]*\]", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Range();

    [GeneratedRegex(@"^(?<tasks>\d{1,6})(\(x(?<repeated>\d{1,6})\))?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Tasks();
}
