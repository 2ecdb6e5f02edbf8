namespace Attune.Store;

/// <summary>How far an annotator is in the calibration round.</summary>
public enum CalibrationState
{
    /// <summary>Some of its items are not decided.</summary>
    InProgress,

    /// <summary>The annotator gets ordinary items.</summary>
    Passed,

    /// <summary>Too few decisions were right: the annotator gets no items until somebody lets them repeat the round.</summary>
    NotPassed,
}

/// <summary>An annotator's result in the calibration round.</summary>
/// <param name="Items">How many items the round has.</param>
/// <param name="Decided">How many of them the annotator has decided or skipped.</param>
/// <param name="Right">How many decisions are right.</param>
/// <param name="Needed">How many must be right to pass.</param>
public sealed record CalibrationRound(int Items, int Decided, int Right, int Needed)
{
    const double Rounding = 1e-9;                   // 0.7 of 10 items is 7, and not 7.000000000000001

    public CalibrationState State => Decided < Items ? CalibrationState.InProgress
        : Right >= Needed ? CalibrationState.Passed : CalibrationState.NotPassed;

    internal static int NeededOf(int items, double pass) => (int)Math.Ceiling(pass * items - Rounding);
}
