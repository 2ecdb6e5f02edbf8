using Attune.Data;

namespace Attune.Store.Import;

/// <summary>The rows of a file, each checked against the settings of the project into which they are imported.</summary>
public sealed class ImportRows
{
    /// <summary>The most rows of a file.</summary>
    const int MostRows = 1_000_000;

    ImportRows(ProjectSettings settings, List<ImportedItem> items) => (Settings, Items) = (settings, items);

    public ProjectSettings Settings { get; }

    internal IReadOnlyList<ImportedItem> Items { get; }

    /// <param name="path">A data file, or a folder of them.</param>
    /// <param name="settings">The project's settings; settings for a new project, with the task that fits every row, when left out.</param>
    /// <param name="mostBytes">The most bytes that a file may have without compression.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <exception cref="InvalidDataException">A row is invalid; the message names file and line.</exception>
    public static ImportRows Read(string path, ProjectSettings? settings = null, long mostBytes = long.MaxValue,
        CancellationToken cancellation = default)
    {
        var rows = new List<ImportedItem>();
        foreach (var row in Dataset.Rows(path, mostBytes).Select(row => ItemReader.ToItem(row, settings?.Task)))
        {
            cancellation.ThrowIfCancellationRequested();
            if (rows.Count == MostRows)
                throw new InvalidDataException($"{row.Origin}: a file may have at most {MostRows:N0} rows; split it");
            rows.Add(settings is null ? row : Checked(row, settings));
        }
        if (rows.Count == 0)
            throw new InvalidDataException($"{path} has no rows");
        return settings is null ? Fitting(rows) : new(settings, rows);
    }

    static ImportRows Fitting(List<ImportedItem> rows)
    {
        var counts = rows.Select(row => row.Item.Answers.Count).ToHashSet();
        var settings = counts.SetEquals([2]) ? new ProjectSettings { Task = TaskKind.Pairwise }
            : counts.Contains(1) ? new() { Task = TaskKind.Rating, RatingLevels = 5 }
            : counts.Max() > 9 ? new() { Task = TaskKind.BestWorst }
            : new() { Task = TaskKind.Ranking };
        return new(settings, rows.ConvertAll(row => Checked(row, settings)));
    }

    static ImportedItem Checked(ImportedItem row, ProjectSettings settings)
    {
        if (settings.RatesOnly && row.Result is not null)
            throw new InvalidDataException(
                $"{row.Origin}: the row has ranks, but this project collects ratings; import it into a project of pairs or rankings");
        if (settings.Task == TaskKind.BestWorst && row.Result is not null)
            throw new InvalidDataException(
                $"{row.Origin}: the row has ranks, but this project collects the best and the worst of four answers; leave the ranks "
                + "out, or import it into a project of rankings");
        try
        {
            return row with { Item = Store.Items.Checked(row.Item, settings) };
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"{row.Origin}: {error.Message}", error);
        }
    }
}
