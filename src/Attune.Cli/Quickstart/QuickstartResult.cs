using Attune.Data.Simulation;
using Attune.Generation;
using Attune.Training.Runs;

namespace Attune.Cli.Quickstart;

/// <summary>What the loop reached, measured on held-out prompts by the simulated guest's noise-free taste.</summary>
sealed record QuickstartResult(string Output, int Seed, SimulatedGuest Guest, double Ceiling, string HeldOutPrompts, SamplingOptions Sampling,
    RunFolder Pretrain, RunFolder Sft, RunFolder Reward, RunFolder Ppo);
