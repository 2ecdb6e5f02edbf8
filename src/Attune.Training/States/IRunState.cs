namespace Attune.Training.States;

/// <summary>State that a run needs to resume exactly: weights, an optimizer, a random source, a coefficient.</summary>
public interface IRunState
{
    /// <summary>Whether each rank has a part of the state; otherwise all ranks have the same, and rank 0 saves it.</summary>
    bool IsSharded => false;

    void Save(StateWriter writer);

    /// <summary>Restores what <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidDataException">Something is missing or has another shape.</exception>
    void Load(StateReader reader);
}
