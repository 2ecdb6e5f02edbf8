using Attune.Models;
using Attune.Models.Heads;
using Attune.Torch;

namespace Attune.Training.Policies;

/// <summary>A linear head on the policy's last hidden states; it is part of the policy's model.</summary>
public sealed class HeadCritic(ValueHead head) : Critic
{
    public override bool ReadsAlong => true;

    public override Tensor Values(Reading reading) => head.Forward(reading.States!);
}
