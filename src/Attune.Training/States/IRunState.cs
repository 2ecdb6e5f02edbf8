namespace Attune.Training.States;

/// <summary>Something a run must remember to go on exactly where it was: weights, an optimizer, a random source, a coefficient.</summary>
public interface IRunState
{
    void Save(StateWriter writer);

    /// <summary>Takes back what <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidDataException">Something is missing or has another shape.</exception>
    void Load(StateReader reader);
}
