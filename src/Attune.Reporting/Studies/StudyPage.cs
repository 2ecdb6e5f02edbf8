using System.Text;
using Attune.Input;
using Attune.Reporting.Charts;
using Attune.Reporting.Files;
using Attune.Reporting.Pages;

namespace Attune.Reporting.Studies;

/// <summary>
/// The Markdown page of a study. Its pictures and tables are between two comments, <c>begin NAME</c> and <c>end NAME</c>, and are replaced
/// each time; other text of the page is kept. Parts that the page does not have are added at its end.
/// </summary>
public static class StudyPage
{
    /// <summary>Writes FOLDER/STUDY.md and FOLDER/images/STUDY-GROUP.svg.</summary>
    /// <returns>The page.</returns>
    /// <exception cref="InvalidDataException">A part of the page has no end comment.</exception>
    public static string Write(StudyResult result, string folder)
    {
        var (study, tables) = (result.Study, new StudyTables(result));
        var path = Path.Combine(folder, study.Name + ".md");
        Directory.CreateDirectory(Path.Combine(folder, "images"));
        var page = File.Exists(path) ? InputFile.ReadText(path) : $"# {study.Title}\n";
        page = Put(page, path, "all", "All variants", Overview(tables));
        foreach (var group in study.Options.Groups)
        {
            var picture = $"images/{study.Name}-{group.Folder}.svg";
            var drawing = ChartPicture.Render(group.Name, tables.Charts(group), tables.BandKey);
            if (drawing is not null)
                AtomicWrite.File(Path.Combine(folder, picture), drawing);
            var shown = drawing is null ? "" : $"![{group.Name}]({picture})\n\n";
            page = Put(page, path, group.Folder, group.Name, shown + Markdown(tables.Of(group)));
        }
        AtomicWrite.File(path, page);
        return path;
    }

    static string Overview(StudyTables tables) => string.Join('\n',
    [
        tables.Effort + "\n",
        StudyTables.Key + "\n",
        Markdown(tables.All),
        Markdown(tables.Noise),
        .. tables.Missing.Select(missing => $"* {missing}"),
    ]);

    /// <summary>Replaces the text between the comments of a part, or adds the part under a heading.</summary>
    static string Put(string page, string path, string name, string heading, string content)
    {
        var (begin, end) = ($"<!-- begin {name} -->", $"<!-- end {name} -->");
        var part = $"{begin}\n\n{content.TrimEnd('\n')}\n\n{end}";
        var from = page.IndexOf(begin, StringComparison.Ordinal);
        if (from < 0)
            return $"{page.TrimEnd('\n')}\n\n## {heading}\n\n{part}\n";
        var to = page.IndexOf(end, from, StringComparison.Ordinal);
        return to >= 0
            ? page[..from] + part + page[(to + end.Length)..]
            : throw new InvalidDataException($"{path} has '{begin}' without '{end}'; add it after the part");
    }

    static string Markdown(ReportTable table)
    {
        var text = new StringBuilder();
        Row(table.Columns);
        Row(table.Columns.Select((_, at) => at == 0 ? "---" : "---:"));
        foreach (var row in table.Rows)
            Row(row);
        return text.ToString();

        void Row(IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells.Select(Escaped)).Append(" |\n");

        static string Escaped(string cell) => VisibleText.Escape(cell).Replace("|", "\\|", StringComparison.Ordinal);
    }
}
