namespace Attune.Store.Export;

/// <summary>What an export holds, and what it leaves out.</summary>
public sealed record ExportCounts
{
    /// <summary>Items of which something is exported or left out for one of the reasons below.</summary>
    public int Items { get; init; }

    /// <summary>Votes of the items that are exported; an adjudication counts as one, in the place of the others.</summary>
    public int Votes { get; init; }

    public int Adjudicated { get; init; }

    /// <summary>The share of votes on items with two or more that say what the majority says; null where there are none.</summary>
    public double? Agreement { get; init; }

    public int LeftOutByFlags { get; init; }

    public int LeftOutByDecisions { get; init; }

    public int LeftOutByAgreement { get; init; }

    /// <summary>Items that are not left out, and of which there is nothing to say in this layout: no answer is preferred.</summary>
    public int Undecided { get; init; }

    public int TrainRows { get; init; }

    public int TrainPrompts { get; init; }

    public int HeldOutRows { get; init; }

    public int HeldOutPrompts { get; init; }
}

/// <summary>A file of an export.</summary>
/// <param name="Name">Its name in the folder.</param>
/// <param name="Rows">Of the layout.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Of its content, in hexadecimal digits.</param>
public sealed record ExportFile(string Name, int Rows, long Bytes, string Sha256);

/// <summary>Says of an export what is in it and from which state of which store; <c>manifest.json</c> beside its files.</summary>
/// <param name="Store">Which store; a restored one keeps it.</param>
/// <param name="Project">The project's name.</param>
/// <param name="At">When it was written. Nothing else differs between two exports of one state.</param>
/// <param name="LastDecision">The number of the last decision in the store; 0 of none.</param>
/// <param name="LastChange">The number of the last entry in the audit trail, which grows with edits and undone decisions too.</param>
/// <param name="Options">What was asked for.</param>
/// <param name="Counts">What came of it.</param>
/// <param name="Files">What lies beside the manifest.</param>
public sealed record ExportManifest(
    string Store, string Project, DateTimeOffset At, long LastDecision, long LastChange, ExportOptions Options, ExportCounts Counts, IReadOnlyList<ExportFile> Files);
