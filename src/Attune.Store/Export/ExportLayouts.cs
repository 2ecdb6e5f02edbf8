using Attune.Data;

namespace Attune.Store.Export;

/// <summary>What the layouts of exports are for.</summary>
public static class ExportLayouts
{
    /// <summary>What the rows are made for; null for a spreadsheet.</summary>
    public static DataUse? Use(this ExportLayout layout) => layout switch
    {
        ExportLayout.Kto => DataUse.Labels,
        ExportLayout.Demonstrations => DataUse.Demonstrations,
        ExportLayout.Csv => null,
        _ => DataUse.Comparisons,
    };
}
