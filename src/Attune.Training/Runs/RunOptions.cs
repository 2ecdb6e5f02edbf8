using System.ComponentModel.DataAnnotations;
using Attune.Reporting.Runs;
using Attune.Torch;
using Attune.Training.Options;

namespace Attune.Training.Runs;

/// <summary>The folder of a run, its device, and how often it saves and evaluates.</summary>
public sealed record RunOptions
{
    /// <summary>The run folder.</summary>
    [Required(ErrorMessage = "must name a folder")]
    public string Output { get; init; } = "";

    /// <summary>The seed of all randomness: the same recipe, seed and number of threads give bit-identical results on a CPU.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>auto (CUDA where there is one), cpu, cuda or cuda:N.</summary>
    [RegularExpression("auto|cpu|cuda(:[0-9]+)?", ErrorMessage = "must be auto, cpu, cuda or cuda:N")]
    public string Device { get; init; } = "auto";

    /// <summary>
    /// float32, or bfloat16: matrix products in bfloat16 with float32 weights and optimizer state, and frozen reward models with bfloat16
    /// weights. auto: bfloat16 where the device has instructions for it, else float32; the run keeps the type that it starts with.
    /// </summary>
    [AllowedValues(DTypes.Auto, "float32", "bfloat16")]
    public string Dtype { get; init; } = DTypes.Auto;

    /// <summary>
    /// With several processes: divides the weights of a decoder's layers among them, for models that do not fit into the memory of each. A
    /// process gathers a layer's weights for its forward and backward pass, and frees them afterwards (ZeRO stage 3, FSDP). It needs less
    /// memory and more time; docs/distributed.md.
    /// </summary>
    public bool ShardWeights { get; init; }

    /// <summary>
    /// Threads of an operator on the CPU. 0: the number of processors, or 1 where training.workers is above 1; recorded in the run folder.
    /// </summary>
    [Range(0, double.PositiveInfinity)]
    [ThreadCount]
    public int Threads { get; init; }

    /// <summary>Steps between two checkpoints; 0 for checkpoints only at the end and when the run is stopped.</summary>
    [Range(0, double.PositiveInfinity)]
    public int CheckpointEvery { get; init; } = 100;

    /// <summary>How many checkpoints are kept.</summary>
    [Range(1, double.PositiveInfinity)]
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>
    /// Steps between two evaluations on held-out data; 0 for one before the first step and one after the last. null: a tenth of the run, or
    /// more where evaluations would read more examples than the run trains on.
    /// </summary>
    [Range(0, double.PositiveInfinity)]
    public int? EvaluateEvery { get; init; }

    /// <summary>
    /// Checks before the first step that the ratio is 1 where it must be, and that padding, batching and caching do not change results.
    /// </summary>
    public bool SelfTest { get; init; }

    /// <summary>The options with the type that auto means: that of the run in the folder, or else the fastest of the device.</summary>
    internal RunOptions WithDtype()
    {
        if (Dtype != DTypes.Auto)
            return this;
        var folder = new RunFolder(Output);
        var started = folder.HasStarted ? SessionOnMachine.DtypeOf(folder) : null;
        return this with { Dtype = started ?? Torch.Device.Parse(Device).FastestDType.Name() };
    }
}
