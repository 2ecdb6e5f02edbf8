using Attune.Torch.Distributed;

namespace Attune.Torch.Tests.Distributed;

public sealed class RankEnvironmentTests
{
    const string Torchrun = "RANK=3 WORLD_SIZE=4 LOCAL_RANK=1 LOCAL_WORLD_SIZE=2 MASTER_ADDR=gpu-a MASTER_PORT=29400";
    const string OpenMpi =
        "OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_LOCAL_RANK=1 OMPI_COMM_WORLD_LOCAL_SIZE=2 PMIX_NAMESPACE=17";
    const string Slurm =
        "SLURM_JOB_ID=812 SLURM_STEP_ID=0 SLURM_PROCID=5 SLURM_STEP_NUM_TASKS=7 SLURM_LOCALID=1 SLURM_NODEID=1 "
        + "SLURM_STEP_TASKS_PER_NODE=4,3 SLURM_STEP_NODELIST=node[01-04,7],b3";

    [Theory]
    [InlineData(Torchrun, 3, 4, 1, 2, "gpu-a")]
    [InlineData("RANK=1 WORLD_SIZE=3 MASTER_ADDR=job-master-0 MASTER_PORT=23456", 1, 3, 0, 1, "job-master-0")]   // PyTorchJob
    [InlineData(OpenMpi, 1, 2, 1, 2, "127.0.0.1")]
    [InlineData(OpenMpi + " OMPI_COMM_WORLD_LOCAL_SIZE=1 OMPI_COMM_WORLD_LOCAL_RANK=0 MASTER_ADDR=b7", 1, 2, 0, 1, "b7")]
    [InlineData(Slurm, 5, 7, 1, 3, "node01")]
    [InlineData(Slurm + " SLURM_NODEID=0 SLURM_LOCALID=3", 5, 7, 3, 4, "node01")]
    [InlineData(Slurm + " MASTER_ADDR=other", 5, 7, 1, 3, "other")]
    [InlineData(Slurm + " " + Torchrun, 3, 4, 1, 2, "gpu-a")]                                                   // srun torchrun
    [InlineData(Slurm + " " + OpenMpi, 1, 2, 1, 2, "127.0.0.1")]                                                // mpirun in a Slurm job
    public void Read_EachLauncher_FindsRanksAndMaster(
        string variables, int rank, int count, int localRank, int localCount, string master)
    {
        var found = Read(variables)!;
        Assert.Equal(
            (rank, count, localRank, localCount, master),
            (found.Rank, found.Count, found.LocalRank, found.LocalCount, found.MasterAddress));
        Assert.InRange(found.MasterPort, 1, 65535);
        Assert.Equal(TimeSpan.FromMinutes(10), found.Timeout);
    }

    [Theory]
    [InlineData("")]
    [InlineData("RANK= WORLD_SIZE=")]
    [InlineData("RANK=0 WORLD_SIZE=1")]
    [InlineData("MASTER_ADDR=localhost MASTER_PORT=29500")]
    [InlineData("OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=1 OMPI_COMM_WORLD_LOCAL_SIZE=1")]
    [InlineData("SLURM_JOB_ID=812 SLURM_PROCID=0 SLURM_NTASKS=4 SLURM_JOB_NODELIST=node[1-4]")]                  // a batch script, not srun
    public void Read_OneProcess_IsNull(string variables) => Assert.Null(Read(variables));

    [Theory]
    [InlineData("RANK=1", "WORLD_SIZE is not set")]
    [InlineData("WORLD_SIZE=2", "RANK is not set")]
    [InlineData("RANK=1 WORLD_SIZE=2 MASTER_PORT=1", "MASTER_ADDR is not set")]
    [InlineData("RANK=1 WORLD_SIZE=2 MASTER_ADDR=a", "MASTER_PORT is not set")]
    [InlineData(Torchrun + " RANK=4", "rank of this process (4) must be below the number of ranks (4)")]
    [InlineData(Torchrun + " LOCAL_RANK=2", "local rank of this process (2) must be below")]
    [InlineData(Torchrun + " LOCAL_WORLD_SIZE=9", "ranks on this machine (9) must be at most")]
    [InlineData(Torchrun + " RANK=-1", "RANK must be a whole number of at least 0 (was -1)")]
    [InlineData(Torchrun + " WORLD_SIZE=two", "WORLD_SIZE must be a whole number of at least 1 (was two)")]
    [InlineData(Torchrun + " MASTER_PORT=70000", "MASTER_PORT must be a port, 1 to 65535 (was 70000)")]
    [InlineData(Torchrun + " ATTUNE_RANK_TIMEOUT=0", "ATTUNE_RANK_TIMEOUT must be a whole number of at least 1")]
    [InlineData(OpenMpi + " OMPI_COMM_WORLD_LOCAL_SIZE=1 OMPI_COMM_WORLD_LOCAL_RANK=0", "mpirun -x MASTER_ADDR=HOST")]
    [InlineData(Slurm + " SLURM_LOCALID=", "SLURM_LOCALID is not set")]
    [InlineData(Slurm + " SLURM_STEP_NODELIST=node[", "must be a list of machines")]
    [InlineData(Slurm + " SLURM_STEP_TASKS_PER_NODE=4", "must be a list of numbers")]
    public void Read_MissingOrContradictoryVariables_SaysWhich(string variables, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => Read(variables)).Message);

    [Fact]
    public void Read_TorchrunThatHostsAStore_UsesTheNextPort()
    {
        var found = Read(Torchrun + " TORCHELASTIC_USE_AGENT_STORE=True ATTUNE_RANK_TIMEOUT=30")!;
        Assert.Equal((29401, TimeSpan.FromSeconds(30)), (found.MasterPort, found.Timeout));
    }

    [Fact]
    public void Read_SlurmJobs_HavePortsOfTheirOwn()
    {
        Assert.Equal(Read(Slurm)!.MasterPort, Read(Slurm + " SLURM_PROCID=0")!.MasterPort);
        Assert.NotEqual(Read(Slurm)!.MasterPort, Read(Slurm + " SLURM_JOB_ID=813")!.MasterPort);
        Assert.NotEqual(Read(Slurm)!.MasterPort, Read(Slurm + " SLURM_STEP_ID=1")!.MasterPort);
    }

    [Theory]
    [InlineData("a", "a")]
    [InlineData("a,b", "a")]
    [InlineData("node[01-04,7],b3", "node01")]
    [InlineData("node[9]", "node9")]
    [InlineData("rack[2-3]node[010-012]", "rack2node010")]
    [InlineData("gpu-a.cluster,gpu-b.cluster", "gpu-a.cluster")]
    [InlineData("node[", null)]
    [InlineData("a b", null)]
    public void First_ListOfMachines_IsItsFirst(string list, string? first) => Assert.Equal(first, SlurmHosts.First(list));

    [Theory]
    [InlineData("4", 0, 4)]
    [InlineData("4(x2),1", 1, 4)]
    [InlineData("4(x2),1", 2, 1)]
    [InlineData("4(x2),1", 3, null)]
    [InlineData("4(y2)", 0, null)]
    public void TasksOf_Node_IsItsNumber(string list, int node, int? tasks) => Assert.Equal(tasks, SlurmHosts.TasksOf(list, node));

    /// <summary>Later values override earlier ones.</summary>
    static RankEnvironment? Read(string variables)
    {
        var values = new Dictionary<string, string>();
        foreach (var pair in variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => word.Split('=')))
            values[pair[0]] = pair[1];
        return RankEnvironment.Read(name => values.GetValueOrDefault(name));
    }
}
