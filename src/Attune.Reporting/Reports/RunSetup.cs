using Attune.Input;
using Attune.Reporting.Pages;
using Attune.Reporting.Runs;

namespace Attune.Reporting.Reports;

/// <summary>What a run was started with, and where: its recipe, commit, device and machine.</summary>
static class RunSetup
{
    public static FoldedPart Create(RunFolder folder)
    {
        var sessions = RunSession.Read(folder);
        return new("Recipe, commit, device and machine", [], sessions.Count == 0 ? [] : [Table(sessions)])
        {
            Text = folder.HasStarted ? InputFile.ReadText(folder.Recipe) : "",
        };
    }

    static ReportTable Table(IReadOnlyList<RunSession> sessions) => new(
        sessions.Count == 1 ? "Machine" : "Machine, of each time that the run was started or resumed",
        ["", .. sessions.Select(session => session.Step == 0 ? "From the start" : $"From step {session.Step:N0}")],
        [.. sessions[0].Values.Keys.Select(key =>
            (string[])[key, .. sessions.Select(session => session.Values.GetValueOrDefault(key, ""))])]);
}
