using Attune.Store;

namespace Attune.Studio.Annotate;

/// <param name="Count">How many items, at most 20.</param>
sealed record ItemsRequest(int Count = 2);

/// <summary>Names the decision to withdraw, so that repeating the request withdraws no other one.</summary>
/// <param name="Decision">The id of the decision.</param>
sealed record UndoRequest(long Decision);

/// <param name="Revision">The revision of the decision that was changed.</param>
/// <param name="Verdict">The new decision, in the order shown.</param>
sealed record DecisionChange(int Revision, AnnotationResult Verdict);

/// <summary>The next items of the annotator. Asking again returns the same items until they are decided.</summary>
/// <param name="Standing">Whether there are items: Open; Done, where none is left; NotCalibrated, where too little of the calibration
/// round was right.</param>
/// <param name="Items">The items.</param>
/// <param name="Mine">How many items of the project the annotator has decided.</param>
/// <param name="Round">The result of the calibration round, where it was not passed; otherwise null.</param>
sealed record NextItems(QueueState Standing, IReadOnlyList<ShownItem> Items, long Mine, CalibrationRound? Round);

/// <summary>Confirms a decision that is on disk.</summary>
/// <param name="Saved">Always true.</param>
/// <param name="Mine">How many items of the project the annotator has decided.</param>
/// <param name="Decision">The id of the decision.</param>
/// <param name="Revision">Starts at 1 and grows by 1 with every edit.</param>
/// <param name="Known">What is known of an item of the calibration round; otherwise null.</param>
sealed record SavedDecision(bool Saved, long Mine, long Decision, int Revision, KnownRanks? Known);

/// <summary>The known ranks of a calibration item, for an annotator who has decided it.</summary>
/// <param name="Ranks">The known ranks, in the order shown.</param>
/// <param name="Explanation">Why they are known.</param>
/// <param name="Right">Whether the decision agrees with them.</param>
/// <param name="Round">The result of the calibration round so far.</param>
sealed record KnownRanks(IReadOnlyList<int?> Ranks, string? Explanation, bool Right, CalibrationRound? Round);

/// <summary>The decision was not saved.</summary>
/// <param name="Error">Why.</param>
/// <param name="Kept">Another decision of the annotator that is kept, in the order shown; null where there is none.</param>
/// <param name="Decision">The id of that decision.</param>
/// <param name="Revision">Its revision.</param>
sealed record DecisionConflict(string Error, AnnotationResult? Kept = null, long? Decision = null, int? Revision = null);

/// <summary>The decision that an undo would withdraw.</summary>
/// <param name="Decision">Its id; null where there is none.</param>
sealed record LastDecision(long? Decision);

/// <summary>A decision that was withdrawn. Its item is assigned to the annotator again.</summary>
/// <param name="Item">The item, with a token for the new decision.</param>
/// <param name="Verdict">The decision, in the order shown.</param>
/// <param name="Seconds">The time that was spent.</param>
/// <param name="Mine">How many items of the project the annotator has decided.</param>
sealed record WithdrawnDecision(ShownItem Item, AnnotationResult Verdict, double Seconds, long Mine);

/// <summary>The progress of a project, as annotators see it.</summary>
/// <param name="Decisions">How many decisions there are, without skips.</param>
/// <param name="Wanted">How many there will be at the end.</param>
/// <param name="Mine">How many items the annotator has decided.</param>
sealed record ProjectProgress(long Decisions, long Wanted, long Mine);

/// <summary>The last decisions of the annotator, newest first.</summary>
sealed record RecentDecisions(IReadOnlyList<RecentDecision> Decisions);

/// <param name="Decision">The id of the decision.</param>
/// <param name="Revision">Starts at 1 and grows by 1 with every edit.</param>
/// <param name="At">When it was made.</param>
/// <param name="Opening">The beginning of the last message of the prompt.</param>
/// <param name="Verdict">The decision, in the order shown.</param>
/// <param name="Editable">Whether it can be changed or withdrawn; decisions of the calibration round cannot.</param>
sealed record RecentDecision(long Decision, int Revision, DateTimeOffset At, string Opening, AnnotationResult Verdict, bool Editable);

/// <summary>A decision of the annotator, with its item.</summary>
/// <param name="Item">The item, without a token.</param>
/// <param name="Decision">The id of the decision.</param>
/// <param name="Revision">Starts at 1 and grows by 1 with every edit.</param>
/// <param name="Verdict">The decision, in the order shown.</param>
/// <param name="Seconds">The time that was spent.</param>
sealed record DecidedItem(ShownItem Item, long Decision, int Revision, AnnotationResult Verdict, double Seconds);
