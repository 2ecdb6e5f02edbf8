using System.Runtime.CompilerServices;
using Attune.Quickstart;
using Attune.Training.Rewards;

namespace Attune.Training.Tests;

static class RegisteredRewards
{
    /// <summary>Shipped recipes and studies name the reward of the simulated guest, as the command line knows it.</summary>
    [ModuleInitializer]
    internal static void Add() => RewardSources.Register(new GuestReward());
}
