using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Training.Policies;

/// <summary>Estimates the return before each token of a response.</summary>
public abstract class Critic
{
    /// <summary>The lowest layer of the policy that this critic does not share; null when it reads nothing below the last states.</summary>
    public virtual int? BranchLayer => null;

    /// <summary>What it learns beside the policy's own parameters, under the names of a checkpoint.</summary>
    public virtual IEnumerable<(string Name, Parameter Value)> Parameters => [];

    /// <summary>(N) float32 estimates for the N response tokens of a forward pass.</summary>
    public abstract Tensor Values(ForwardPass pass);

    /// <summary>Writes what the policy's model does not hold.</summary>
    public virtual void Save(string folder)
    {
    }
}
