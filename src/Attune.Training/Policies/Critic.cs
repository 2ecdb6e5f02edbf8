using Attune.Models;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Training.Policies;

/// <summary>Estimates the return before each token of a response.</summary>
public abstract class Critic
{
    /// <summary>The layer of the policy beneath which it branches off; null when it does not.</summary>
    public virtual int? Layer => null;

    /// <summary>Whether it looks at the policy's last hidden states, so that values come with the samples.</summary>
    public virtual bool ReadsAlong => false;

    /// <summary>What it learns beside the policy's own parameters, under the names of a checkpoint.</summary>
    public virtual IEnumerable<(string Name, Parameter Value)> Parameters => [];

    /// <summary>(N) float32 for the N response tokens of a reading.</summary>
    public abstract Tensor Values(Reading reading);

    /// <summary>Writes what the policy's model does not hold.</summary>
    public virtual void Save(string folder)
    {
    }
}
