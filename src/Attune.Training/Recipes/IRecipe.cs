using System.ComponentModel.DataAnnotations;
using Attune.Training.Batches;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Everything that decides a run, and how to train by it. Its properties are the keys of a recipe file.</summary>
public interface IRecipe : IValidatableObject
{
    RunOptions Run { get; }

    /// <summary>A folder with the model that training starts from; empty for a new one, where the method can make one.</summary>
    string Model { get; }

    /// <summary>How much is seen.</summary>
    BatchOptions Training { get; }

    /// <summary>Keys that had another name: the old full key, and the one that is read in its place.</summary>
    IReadOnlyDictionary<string, string> FormerKeys => new Dictionary<string, string>();

    /// <summary>The same for another run and another model.</summary>
    IRecipe With(RunOptions run, string model);

    /// <summary>The same with absolute paths, so that a run can be resumed from anywhere.</summary>
    IRecipe WithFullPaths();

    /// <summary>Trains from the newest checkpoint of the run, or from the start, to the end.</summary>
    /// <exception cref="InvalidDataException">Data or a model cannot be used; the message says why.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the run can be resumed.</exception>
    /// <exception cref="TrainingStoppedException">The run could not go on.</exception>
    void Train(Run run, CancellationToken cancellation);
}
