using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Families;

/// <summary>down(act(gate(x)) · up(x)). Shazeer 2020, https://arxiv.org/abs/2002.05202</summary>
sealed class GatedMlp : Module
{
    readonly Projections gateAndUp;
    readonly Linear down;
    readonly Activation activation;

    public GatedMlp(RotaryDecoderConfig config)
    {
        activation = config.Activation;
        gateAndUp = Register("", new Projections(
            config.MlpNames, config.Width, [config.InnerWidth, config.InnerWidth], config.MlpBias, config.InitializerRange));
        down = Register("down_proj", new Linear(config.InnerWidth, config.Width, config.MlpBias, config.InitializerRange));
    }

    public Tensor Forward(Tensor x)
    {
        var parts = gateAndUp.Forward(x);
        return down.Forward(activation.ForwardGated(parts[0], parts[1]));
    }
}
