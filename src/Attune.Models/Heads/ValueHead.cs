using System.Text.Json.Nodes;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Heads;

/// <summary>
/// A linear map from hidden states to values, with the names of TRL's checkpoints (<c>v_head.summary.*</c>). Initialised to 0, as in
/// Huang et al. 2023, "The N Implementation Details of RLHF with PPO".
/// </summary>
public sealed class ValueHead : Head
{
    /// <summary>The name of PPO's value head, as in TRL.</summary>
    public const string Name = "v_head";

    internal const string Kind = "value";

    readonly Linear summary;

    public ValueHead(long width) : base(width) => summary = Register("summary", new Linear(width, 1, hasBias: true, initialStd: 0));

    /// <summary>(…, D) → (…)</summary>
    public override Tensor Forward(Tensor hidden) => summary.Forward(hidden).Squeeze(-1);

    internal override Head EmptyLike() => new ValueHead(Width);

    private protected override JsonObject Describe() => new() { ["kind"] = Kind };
}
