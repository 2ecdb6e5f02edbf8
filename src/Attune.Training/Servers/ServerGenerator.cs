using Attune.Generation;
using Attune.Models;
using Attune.Models.Backbones;
using Attune.Text;
using Attune.Torch;
using Attune.Torch.Distributed;
using Attune.Training.Parameters;
using Attune.Training.Runs;
using Attune.Training.States;

namespace Attune.Training.Servers;

/// <summary>
/// Samples responses on servers that get the policy's weights after each step. Tokens are exchanged as ids. One call at a time. Of several
/// ranks, rank 0 writes the weights and sends the requests; all ranks get the responses.
/// </summary>
public sealed class ServerGenerator : ITextGenerator, IRunState, IDisposable
{
    readonly ServerPool? pool;                                     // of rank 0; null on the others
    readonly WeightFolders weights;
    readonly LanguageModel model;
    readonly Tokenizer tokenizer;
    readonly CancellationToken runCancellation;

    ServerGenerator(ServerPool? pool, WeightFolders weights, LanguageModel model, Tokenizer tokenizer, CancellationToken cancellation) =>
        (this.pool, this.weights, this.model, this.tokenizer, runCancellation) = (pool, weights, model, tokenizer, cancellation);

    /// <summary>Checks the servers.</summary>
    /// <param name="options">The servers.</param>
    /// <param name="model">The language model.</param>
    /// <param name="baseModel">The folder that it was loaded from.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="trained">Which of its parameters are trained.</param>
    /// <param name="run">The run.</param>
    /// <param name="cancellation">Ends requests.</param>
    /// <exception cref="InvalidDataException">
    /// A server cannot be reached or has another tokenizer, or the weights cannot be sent to it.
    /// </exception>
    public static ServerGenerator Connect(
        RolloutOptions options, LanguageModel model, string baseModel, Tokenizer tokenizer, TrainedParameters trained, Run run,
        CancellationToken cancellation)
    {
        if (model.Backbone.Kind != BackboneKind.Decoder)
            throw new InvalidDataException(
                $"`rollout.engine` must be local with {baseModel}: servers of rollouts have decoder-only models");
        var transfer = options.WeightsFor(trained.HasAdapter);
        if (transfer == WeightTransfer.Folder && trained.HasAdapter && model.Parameters.Any(parameter => parameter.Owner is not null))
            throw new InvalidDataException(
                "`rollout.weights` must be adapter, and `rollout.protocol` openai, with `run.shardWeights` and `parameters.lora`: no "
                + "process has the whole model, which the adapter would be merged into.");
        var servers = Ranks.IsFirst ? new ServerPool(options, run.Notice) : null;
        try
        {
            Ranks.Once(() => servers!.Check(tokenizer, cancellation));
        }
        catch
        {
            servers?.Dispose();
            throw;
        }
        var parent = options.WeightsFolder.Length > 0 ? options.WeightsFolder : Path.Combine(run.Folder.Path, "rollout");
        var folders = new WeightFolders(
            Path.GetFullPath(parent), transfer,
            folder => trained.SaveCopy(folder, baseModel, tokenizer, adapterOnly: transfer == WeightTransfer.Adapter));
        return new(servers, folders, model, tokenizer, cancellation);
    }

    public bool ReportsLogprobs => false;

    /// <summary>How often the weights have changed.</summary>
    public int WeightVersion { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyList<Response> Generate(
        IReadOnlyList<int[]> prompts, SamplingOptions options, RandomSource random, int samples = 1,
        CancellationToken cancellation = default)
    {
        var seed = options.Temperature == 0 ? 0 : random.NextSeed();
        var rules = new ResponseRules(model, tokenizer, options);
        return Ranks.Once(() => Ask(pool!, weights.Newest()));

        Response[] Ask(ServerPool servers, WeightFiles files)
        {
            var requests = prompts.Select((prompt, row) =>
                new ServerRequest(prompt, samples, options, rules.EosIds, RowDraws.SeedOf(seed, row)));
            return [.. AskAll(servers, requests, files, rules, cancellation).GetAwaiter().GetResult()
                .SelectMany(group => group).Select(response => rules.ToResponse(response, files.Number))];
        }
    }

    /// <summary>Writes the new weights; servers load them before their next response.</summary>
    public void Sync()
    {
        WeightVersion++;
        Ranks.Once(() => weights.Write(WeightVersion));
    }

    public void Save(StateWriter writer)
    {
    }

    /// <summary>Writes the weights of the checkpoint, which are restored before this.</summary>
    public void Load(StateReader reader) => Sync();

    public void Dispose()
    {
        if (pool is null)
            return;
        pool.Dispose();
        weights.Delete();
    }

    /// <summary>The responses to all requests; the first failure ends the other requests.</summary>
    async Task<IReadOnlyList<ServerResponse>[]> AskAll(
        ServerPool servers, IEnumerable<ServerRequest> requests, WeightFiles files, ResponseRules rules, CancellationToken cancellation)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation, runCancellation);
        Task<IReadOnlyList<ServerResponse>>[] answers = [.. requests.Select(request => servers.Ask(request, files, rules, ended.Token))];
        var all = Task.WhenAll(answers);
        try
        {
            await foreach (var answer in Task.WhenEach(answers).ConfigureAwait(false))
                await answer.ConfigureAwait(false);
            return await all.ConfigureAwait(false);
        }
        catch
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await ((Task)all).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }
}
