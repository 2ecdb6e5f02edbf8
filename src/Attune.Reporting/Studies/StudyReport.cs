using Attune.Reporting.Pages;

namespace Attune.Reporting.Studies;

/// <summary>The report of a study: a table of all variants, then a section for each group.</summary>
public static class StudyReport
{
    /// <summary>Writes <see cref="Study.Report"/>.</summary>
    public static void Write(StudyResult result)
    {
        Directory.CreateDirectory(result.Study.Options.Output);
        HtmlReport.Write(result.Study.Report, Page(result));
    }

    /// <summary>The page of the runs that have finished so far.</summary>
    public static ReportPage Page(StudyResult result)
    {
        var (study, tables) = (result.Study, new StudyTables(result));
        return new(study.Title, tables.Effort,
        [
            new("All variants") { Lead = StudyTables.Key, Tables = [tables.All, tables.Noise], Notes = [.. tables.Missing] },
            .. study.Options.Groups.Select(group => new ReportSection(group.Name)
            {
                Lead = tables.BandKey,
                Charts = tables.Charts(group),
                Tables = [tables.Of(group)],
            }),
        ]);
    }
}
