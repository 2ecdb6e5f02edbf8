using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Attune;

/// <summary>Adds local models to the services of an application.</summary>
public static class ServiceCollectionExtensions
{
    /// <summary>
    /// Adds the language model of a folder as <see cref="IChatClient"/> and <see cref="ChatEngine"/>. It is loaded when it is first
    /// needed, and freed with the services.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="folder">The folder of a run, or of a checkpoint as transformers writes it.</param>
    /// <param name="options">The device, limits, and a chat template.</param>
    public static IServiceCollection AddAttuneChatClient(
        this IServiceCollection services, string folder, ChatEngineOptions? options = null)
    {
        services.TryAddSingleton(_ => ChatEngine.Load(folder, options));
        services.TryAddSingleton<IChatClient>(provider => new AttuneChatClient(provider.GetRequiredService<ChatEngine>()));
        return services;
    }

    /// <summary>Adds the reward model of a folder as <see cref="ScoreModel"/>. It is loaded when it is first needed.</summary>
    /// <param name="services">The services.</param>
    /// <param name="folder">A folder with a reward model.</param>
    /// <param name="device">auto (CUDA where there is one), cpu, cuda or cuda:N.</param>
    public static IServiceCollection AddAttuneScoreModel(this IServiceCollection services, string folder, string device = "auto")
    {
        services.TryAddSingleton(_ => ScoreModel.Load(folder, device));
        return services;
    }
}
