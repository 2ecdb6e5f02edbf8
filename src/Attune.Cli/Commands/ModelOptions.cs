using System.CommandLine;
using Attune.Torch;

namespace Attune.Cli.Commands;

/// <summary>Options of every command that asks a model: where, and in which numbers.</summary>
static class ModelOptions
{
    public static Option<string> Device() => new("--device") { Description = "auto, cpu or cuda", DefaultValueFactory = _ => "auto" };

    public static Option<string> Dtype() => new("--dtype")
    {
        Description = "float32, bfloat16, float16, or stored: as in the checkpoint, which needs no more memory than its files take",
        DefaultValueFactory = _ => "float32",
    };

    /// <summary>The type of <c>--dtype</c>; null for the one stored.</summary>
    public static DType? ParseDtype(string text) => text == "stored" ? null : DTypes.Parse(text);
}
