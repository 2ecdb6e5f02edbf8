using Attune.Generation;
using Attune.Torch;
using Attune.Training.Parameters;

namespace Attune.Cli.Quickstart;

/// <summary>Samples responses on all processors.</summary>
static class SampledResponses
{
    const int PromptsAtOnce = 50;

    /// <summary>Samples responses of a model to a file of prompts.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="prompts">The file of prompts.</param>
    /// <param name="samples">Responses to each prompt.</param>
    /// <param name="sampling">How they are sampled.</param>
    /// <param name="seed">The random seed; results do not depend on the number of processors.</param>
    /// <param name="cancellation">Stops sampling.</param>
    public static IReadOnlyList<GeneratedResponses> Sample(
        string folder, string prompts, int samples, SamplingOptions sampling, int seed, CancellationToken cancellation)
    {
        var model = ModelFolder.LoadLanguageModel(folder, Device.Best);
        var generator = new BatchGenerator(model, ModelFolder.LoadTokenizer(folder), sampling, samples, cancellation);
        var workers = WorkerThreads.On(model.Device, Environment.ProcessorCount);
        var generated = workers.Map([.. generator.Read(prompts).Chunk(PromptsAtOnce).Index()], chunk =>
        {
            using var random = new RandomSource((ulong)(seed * 1000 + chunk.Index), model.Device);
            return generator.Generate(chunk.Item, random);
        });
        model.Free();
        return [.. generated.SelectMany(chunk => chunk)];
    }
}
