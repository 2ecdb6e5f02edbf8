using System.Runtime.CompilerServices;
using Attune.Quickstart;
using Attune.Training.Rewards;

namespace Attune.Training.Tests;

static class RegisteredRewards
{
    /// <summary>Registers the reward of the simulated guest, which shipped recipes and studies use, as the command line does.</summary>
    [ModuleInitializer]
    internal static void Add() => RewardSources.Register(new GuestReward());
}
