using System.CommandLine;
using Attune.Torch;

namespace Attune.Cli.Commands;

/// <summary>Options of commands that run a model: the device and the data type.</summary>
static class ModelOptions
{
    public static Option<string> Device() => new("--device") { Description = "auto, cpu or cuda", DefaultValueFactory = _ => "auto" };

    public static Option<string> Dtype() => new("--dtype")
    {
        Description = "float32, bfloat16, float16, or stored (the type in the checkpoint)",
        DefaultValueFactory = _ => "float32",
    };

    /// <summary>The type of <c>--dtype</c>; null for the type in the checkpoint.</summary>
    public static DType? ParseDtype(string text) => text == "stored" ? null : DTypes.Parse(text);
}
