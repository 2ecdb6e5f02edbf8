using System.CommandLine;
using Attune.Torch;
using Attune.Training.Parameters;

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
        HelpName = "float32|auto|bfloat16|float16|stored",
        Description = "The type of weights; auto: the one that the device multiplies fastest; stored: the one in the checkpoint",
        DefaultValueFactory = _ => "float32",
    };

    /// <summary>
    /// The type of <c>--dtype</c> for these models; null for the type in the checkpoint. Writes a notice if another type is used.
    /// </summary>
    public static DType? ParseDtype(string text, Device device, params IEnumerable<string> folders)
    {
        DType? asked = text == "stored" ? null : DTypes.Parse(text, device);
        if (!folders.Any(folder => ModelFolder.Computable(folder, device, asked) != asked))
            return asked;
        Notices.Write("a CPU does not compute in float16; the weights are converted to float32");
        return DType.Float32;
    }
}
