using Attune.Data;

namespace Attune.Store.Export;

/// <summary>What the layouts of exports are for.</summary>
public static class ExportLayouts
{
    /// <summary>Whether what learns from a kind of data reads this layout.</summary>
    public static bool IsReadFor(this ExportLayout layout, DataUse use) => layout switch
    {
        ExportLayout.Kto => use == DataUse.Labels,
        ExportLayout.Demonstrations or ExportLayout.Conversations => use == DataUse.Demonstrations,
        ExportLayout.Triples => use == DataUse.Triples,
        ExportLayout.Steps => use == DataUse.Steps,
        ExportLayout.Csv => false,
        _ => use is DataUse.Comparisons or DataUse.Rewards,
    };
}
