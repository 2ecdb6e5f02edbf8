using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Runs;

/// <summary>Where a run is written, and how often it saves and looks at itself.</summary>
public sealed record RunOptions
{
    /// <summary>The run folder.</summary>
    [Required(ErrorMessage = "must name a folder")]
    public string Output { get; init; } = "";

    /// <summary>Everything random follows from it: the same recipe, seed and thread count give the same bits on a CPU.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>auto (CUDA where there is one), cpu, cuda or cuda:N.</summary>
    [RegularExpression("auto|cpu|cuda(:[0-9]+)?", ErrorMessage = "must be auto, cpu, cuda or cuda:N")]
    public string Device { get; init; } = "auto";

    /// <summary>
    /// float32, or bfloat16: matrix products in bfloat16 over float32 weights and optimizer state, and a frozen reward model in bfloat16
    /// altogether. Faster on a GPU, slower on most CPUs.
    /// </summary>
    [AllowedValues("float32", "bfloat16")]
    public string Dtype { get; init; } = "float32";

    /// <summary>Threads of one operator on the CPU; 0 for as many as there are processors.</summary>
    [Range(0, double.PositiveInfinity)]
    public int Threads { get; init; }

    /// <summary>Steps between two checkpoints; 0 for none but at the end or when stopped.</summary>
    [Range(0, double.PositiveInfinity)]
    public int CheckpointEvery { get; init; } = 100;

    /// <summary>Checkpoints that are kept.</summary>
    [Range(1, double.PositiveInfinity)]
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>Steps between two evaluations on held-out data; 0 for one before and one after.</summary>
    [Range(0, double.PositiveInfinity)]
    public int EvaluateEvery { get; init; }

    /// <summary>Checks before the first step that the arithmetic is right: ratio 1 where it must be, padding and caches change nothing.</summary>
    public bool SelfTest { get; init; }
}
