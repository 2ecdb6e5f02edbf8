using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Training.Policies;

/// <summary>Estimates the return before each token of a response.</summary>
public abstract class Critic
{
    /// <summary>The lowest layer of the policy that this critic does not share; null when it uses the last hidden states only.</summary>
    public virtual int? BranchLayer => null;

    /// <summary>Its parameters that are not the policy's, with their names in a checkpoint.</summary>
    public virtual IEnumerable<(string Name, Parameter Value)> Parameters => [];

    /// <summary>(N) float32 estimates for the N response tokens of a forward pass.</summary>
    public abstract Tensor Values(ForwardPass pass);

    /// <summary>Writes the parameters that are not part of the policy's model.</summary>
    public virtual void Save(string folder)
    {
    }
}
