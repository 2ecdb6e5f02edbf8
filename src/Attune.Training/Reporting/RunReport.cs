using Attune.Training.Runs;

namespace Attune.Training.Reporting;

/// <summary>The report of one run.</summary>
static class RunReport
{
    public static void Write(RunFolder folder, string method)
    {
    }
}
