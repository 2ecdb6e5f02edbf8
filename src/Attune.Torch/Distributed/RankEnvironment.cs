using System.Text;

namespace Attune.Torch.Distributed;

/// <summary>
/// What the launcher of a job has told this process by environment variables: <c>attune launch</c>, torchrun and Kubernetes' PyTorchJob
/// (RANK, WORLD_SIZE, …), Open MPI (OMPI_COMM_WORLD_RANK, …) or Slurm's srun (SLURM_PROCID, …).
/// </summary>
public sealed record RankEnvironment
{
    /// <summary>The environment variable with the seconds of <see cref="Timeout"/>.</summary>
    public const string TimeoutVariable = "ATTUNE_RANK_TIMEOUT";

    /// <summary>This process, from 0.</summary>
    public required int Rank { get; init; }

    /// <summary>How many processes there are.</summary>
    public required int Count { get; init; }

    /// <summary>This process among those on its machine, from 0.</summary>
    public int LocalRank { get; init; }

    /// <summary>How many processes run on this machine.</summary>
    public int LocalCount { get; init; } = 1;

    /// <summary>The machine of rank 0.</summary>
    public required string MasterAddress { get; init; }

    /// <summary>The port of the job's store there.</summary>
    public required int MasterPort { get; init; }

    /// <summary>How long ranks wait for each other before the job fails.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The environment of a job with several processes; null for a process on its own.</summary>
    /// <param name="variable">Returns an environment variable.</param>
    /// <exception cref="InvalidDataException">Variables are missing or contradict each other.</exception>
    public static RankEnvironment? Read(Func<string, string?> variable)
    {
        var variables = new RankVariables(variable);
        var found = variables.Has("RANK") || variables.Has("WORLD_SIZE") ? FromTorchrun(variables)
            : variables.Has("OMPI_COMM_WORLD_RANK") ? FromOpenMpi(variables)
            : variables.Has("SLURM_PROCID") && variables.Has("SLURM_STEP_NUM_TASKS") ? FromSlurm(variables)
            : null;
        return found is { Count: > 1 } ? Checked(found with { Timeout = variables.Timeout() }) : null;
    }

    static RankEnvironment? FromTorchrun(RankVariables variables)
    {
        var count = variables.Number("WORLD_SIZE", minimum: 1);
        var rank = variables.Number("RANK");
        return count == 1 ? null : new()
        {
            Rank = rank,
            Count = count,
            LocalRank = variables.NumberOr("LOCAL_RANK", 0),
            LocalCount = variables.NumberOr("LOCAL_WORLD_SIZE", 1, minimum: 1),
            MasterAddress = variables.Text("MASTER_ADDR"),
            MasterPort = variables.Port("MASTER_PORT") + (UsesAgentStore(variables) ? 1 : 0),
        };
    }

    /// <summary>
    /// Whether torchrun hosts a store of its own at MASTER_PORT. The store of this job is at the next port: stores of different versions of
    /// PyTorch do not understand each other.
    /// </summary>
    static bool UsesAgentStore(RankVariables variables) => variables.TextOr("TORCHELASTIC_USE_AGENT_STORE", "") == "True";

    static RankEnvironment? FromOpenMpi(RankVariables variables)
    {
        var count = variables.Number("OMPI_COMM_WORLD_SIZE", minimum: 1);
        var localCount = variables.Number("OMPI_COMM_WORLD_LOCAL_SIZE", minimum: 1);
        return count == 1 ? null : new()
        {
            Rank = variables.Number("OMPI_COMM_WORLD_RANK"),
            Count = count,
            LocalRank = variables.Number("OMPI_COMM_WORLD_LOCAL_RANK"),
            LocalCount = localCount,
            MasterAddress = localCount == count ? variables.TextOr("MASTER_ADDR", "127.0.0.1") : variables.Text(
                "MASTER_ADDR", "mpirun does not name the machine of rank 0. Give it: mpirun -x MASTER_ADDR=HOST …"),
            MasterPort = variables.PortOr("MASTER_PORT", PortOf(variables.TextOr("PMIX_NAMESPACE", ""))),
        };
    }

    /// <summary>A process of srun. A batch script also has SLURM_PROCID and SLURM_NTASKS, but no variables of a step.</summary>
    static RankEnvironment? FromSlurm(RankVariables variables)
    {
        var count = variables.Number("SLURM_STEP_NUM_TASKS", minimum: 1);
        return count == 1 ? null : new()
        {
            Rank = variables.Number("SLURM_PROCID"),
            Count = count,
            LocalRank = variables.Number("SLURM_LOCALID"),
            LocalCount = SlurmLocalCount(variables),
            MasterAddress = variables.TextOr("MASTER_ADDR", SlurmMaster(variables)),
            MasterPort = variables.PortOr("MASTER_PORT", PortOf($"{variables.Text("SLURM_JOB_ID")}.{variables.Text("SLURM_STEP_ID")}")),
        };
    }

    static string SlurmMaster(RankVariables variables)
    {
        const string Name = "SLURM_STEP_NODELIST";
        return SlurmHosts.First(variables.Text(Name))
            ?? throw new InvalidDataException($"{Name} must be a list of machines such as node[01-04,7],b3 (was {variables.Text(Name)}).");
    }

    static int SlurmLocalCount(RankVariables variables)
    {
        const string Name = "SLURM_STEP_TASKS_PER_NODE";
        return SlurmHosts.TasksOf(variables.Text(Name), variables.NumberOr("SLURM_NODEID", 0))
            ?? throw new InvalidDataException($"{Name} must be a list of numbers such as 4(x2),1 (was {variables.Text(Name)}).");
    }

    /// <summary>A port that all processes of a job derive from its id, in the range that systems do not assign by themselves.</summary>
    static int PortOf(string job)
    {
        const int First = 12_000, Ports = 20_000;
        var hash = 2166136261;                                     // FNV-1a: the same in every process, unlike string.GetHashCode()
        foreach (var value in Encoding.UTF8.GetBytes(job))
            hash = (hash ^ value) * 16777619;
        return First + (int)(hash % Ports);
    }

    static RankEnvironment Checked(RankEnvironment found)
    {
        if (found.Rank >= found.Count)
            throw new InvalidDataException($"The rank of this process ({found.Rank}) must be below the number of ranks ({found.Count}).");
        if (found.LocalRank >= found.LocalCount)
            throw new InvalidDataException(
                $"The local rank of this process ({found.LocalRank}) must be below the number of ranks on this machine "
                + $"({found.LocalCount}).");
        return found.LocalCount <= found.Count ? found : throw new InvalidDataException(
            $"The number of ranks on this machine ({found.LocalCount}) must be at most the number of all ranks ({found.Count}).");
    }
}
