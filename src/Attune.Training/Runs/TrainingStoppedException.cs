namespace Attune.Training.Runs;

/// <summary>A run ended before its last step for a reason that the user should know; its last good checkpoint is on disk.</summary>
public sealed class TrainingStoppedException(string message) : Exception(message);
