namespace Attune.Training.Runs;

/// <summary>A run stopped before its last step; the message says why. Its last good checkpoint is on disk.</summary>
public sealed class TrainingStoppedException(string message) : Exception(message);
