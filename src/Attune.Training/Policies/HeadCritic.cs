using Attune.Models.Heads;
using Attune.Torch;

namespace Attune.Training.Policies;

/// <summary>
/// A linear head on the policy's last hidden states. It is part of the policy's model, so that values come with the samples.
/// </summary>
public sealed class HeadCritic(ValueHead head) : Critic
{
    public override Tensor Values(ForwardPass pass) => head.Forward(pass.LastStates);
}
