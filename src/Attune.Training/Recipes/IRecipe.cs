using System.ComponentModel.DataAnnotations;
using Attune.Models.Backbones;
using Attune.Training.Batches;
using Attune.Training.Parameters;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>All options of a training run, and how to train with them. Its properties are the keys of a recipe file.</summary>
public interface IRecipe : IValidatableObject
{
    RunOptions Run { get; }

    /// <summary>A folder with the model that training starts from; empty for a new one, where the method can make one.</summary>
    string Model { get; }

    /// <summary>The data, and how it is read.</summary>
    DataOptions Data { get; }

    /// <summary>Steps or epochs, and sizes of batches.</summary>
    BatchOptions Training { get; }

    /// <summary>The tokens that a prompt of the data leaves for a response that the run samples; 0 where none is sampled.</summary>
    int ResponseRoom => 0;

    /// <summary>Examples of an update, which micro-batches are parts of.</summary>
    int ExamplesOfUpdate => Training.BatchSize;

    /// <summary>Whether an update can be computed in micro-batches.</summary>
    bool CanSplitUpdates => true;

    /// <summary>Whether the weights of the model can be divided among processes.</summary>
    bool CanShardWeights => true;

    /// <summary>Renamed keys: the old full key, and the new one.</summary>
    IReadOnlyDictionary<string, string> FormerKeys => new Dictionary<string, string>();

    /// <summary>The recipe for another run and another model.</summary>
    IRecipe With(RunOptions run, string model);

    /// <summary>The recipe with other batches.</summary>
    IRecipe With(RunOptions run, BatchOptions training);

    /// <summary>The backbone of the model that is trained, without weights.</summary>
    /// <exception cref="InvalidDataException">There is none, or it is of no supported family.</exception>
    Backbone DescribeBackbone() => ModelFolder.DescribeBackbone(Model);

    /// <summary>Whether training draws dropout of this backbone or of an adapter.</summary>
    bool DrawsDropout(Backbone backbone) => false;

    /// <summary>The recipe with absolute paths, so that a run can be resumed from any folder.</summary>
    IRecipe WithFullPaths();

    /// <summary>Trains to the end, from the newest checkpoint of the run if there is one.</summary>
    /// <exception cref="InvalidDataException">Data or a model cannot be used; the message says why.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the run can be resumed.</exception>
    /// <exception cref="TrainingStoppedException">The run could not continue.</exception>
    void Train(Run run, CancellationToken cancellation);
}
