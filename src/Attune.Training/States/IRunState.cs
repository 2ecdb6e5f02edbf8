namespace Attune.Training.States;

/// <summary>State that a run needs to resume exactly: weights, an optimizer, a random source, a coefficient.</summary>
public interface IRunState
{
    void Save(StateWriter writer);

    /// <summary>Restores what <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidDataException">Something is missing or has another shape.</exception>
    void Load(StateReader reader);
}
