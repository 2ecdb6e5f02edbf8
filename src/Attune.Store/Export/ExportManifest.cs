namespace Attune.Store.Export;

/// <summary>What an export contains, and what it leaves out.</summary>
public sealed record ExportCounts
{
    /// <summary>Items that are exported or left out for one of the reasons below.</summary>
    public int Items { get; init; }

    /// <summary>Votes on the exported items; an adjudication replaces the votes of its item and counts as one.</summary>
    public int Votes { get; init; }

    public int Adjudicated { get; init; }

    /// <summary>The share of votes, on items with two or more, that agree with the majority; null where there are none.</summary>
    public double? Agreement { get; init; }

    public int LeftOutByFlags { get; init; }

    public int LeftOutByDecisions { get; init; }

    public int LeftOutByAgreement { get; init; }

    /// <summary>Items that pass the filters but have nothing to export in this layout: no response is better than another.</summary>
    public int Undecided { get; init; }

    public int TrainRows { get; init; }

    public int TrainPrompts { get; init; }

    public int HeldOutRows { get; init; }

    public int HeldOutPrompts { get; init; }
}

/// <summary>A file of an export.</summary>
/// <param name="Name">The file name.</param>
/// <param name="Rows">How many rows it has.</param>
/// <param name="Bytes">Its size in bytes.</param>
/// <param name="Sha256">The SHA-256 of its content, in hexadecimal.</param>
public sealed record ExportFile(string Name, int Rows, long Bytes, string Sha256);

/// <summary>Describes an export and the state of the store that it comes from; <c>manifest.json</c> in the export's folder.</summary>
/// <param name="Store">The id of the store; a restored backup keeps it.</param>
/// <param name="Project">The project's name.</param>
/// <param name="At">When it was written. Two exports of the same state differ only in this.</param>
/// <param name="LastDecision">The id of the latest decision of the store, even if it was withdrawn; 0 when there is none.</param>
/// <param name="LastChange">The id of the last entry in the audit trail, which also grows with edits and withdrawn decisions.</param>
/// <param name="Options">The options of the export.</param>
/// <param name="Counts">Counts of rows, items and votes.</param>
/// <param name="Files">The files of the export.</param>
public sealed record ExportManifest(
    string Store, string Project, DateTimeOffset At, long LastDecision, long LastChange, ExportOptions Options, ExportCounts Counts,
    IReadOnlyList<ExportFile> Files);
