using System.CommandLine;
using Attune.Torch;

namespace Attune.Cli.Commands;

/// <summary>Options of commands that run a model: the device and the data type.</summary>
static class ModelOptions
{
    public static Option<string> Device() => new("--device")
    {
        HelpName = "auto|cpu|cuda|cuda:N", Description = "The device; auto: CUDA where there is one", DefaultValueFactory = _ => "auto",
    };

    public static Option<string> Dtype() => new("--dtype")
    {
        HelpName = "float32|bfloat16|float16|stored",
        Description = "The type of weights; stored: the one in the checkpoint",
        DefaultValueFactory = _ => "float32",
    };

    /// <summary>The type of <c>--dtype</c>; null for the type in the checkpoint.</summary>
    public static DType? ParseDtype(string text) => text == "stored" ? null : DTypes.Parse(text);
}
