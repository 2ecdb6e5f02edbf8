using Attune.Generation;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Parameters;

namespace Attune.Cli.Quickstart;

/// <summary>Answers of a model on all processors.</summary>
static class SampledAnswers
{
    const int PromptsAtOnce = 50;

    /// <summary>Lets a model answer a file of prompts.</summary>
    /// <param name="folder">The model.</param>
    /// <param name="prompts">The file.</param>
    /// <param name="samples">Answers to each prompt.</param>
    /// <param name="sampling">How they are drawn.</param>
    /// <param name="seed">The same seed gives the same answers, on any number of processors.</param>
    /// <param name="cancellation">Stops.</param>
    public static IReadOnlyList<GeneratedResponses> Draw(string folder, string prompts, int samples, SamplingOptions sampling, int seed, CancellationToken cancellation)
    {
        var model = ModelFolder.LoadLanguageModel(folder, Device.Best);
        var answering = new BatchGenerator(model, ModelFolder.LoadTokenizer(folder), sampling, samples, cancellation);
        var answered = WorkerThreads.On(model.Device, Environment.ProcessorCount).Map([.. answering.Read(prompts).Chunk(PromptsAtOnce).Index()], part =>
        {
            using var random = new RandomSource((ulong)(seed * 1000 + part.Index), model.Device);
            return answering.Generate(part.Item, random);
        });
        model.Free();
        return [.. answered.SelectMany(part => part)];
    }
}
