using Attune.Data;
using Attune.Generation;
using Attune.Torch.Distributed;
using Attune.Training.Environments;
using Attune.Training.Policies;

namespace Attune.Training.OnPolicy;

/// <summary>
/// Samples the responses of the next steps on servers while the policy trains on those of this one (asynchronous rollouts). The responses
/// of a step are requested at most <paramref name="maxStaleness"/> steps before it, one step after the other, so that their weights are at
/// most as many updates old. Each step has a seed of its own. Of several ranks, rank 0 requests them.
/// </summary>
/// <param name="policy">Samples responses, on servers.</param>
/// <param name="promptsOf">The prompts of a step, by its index.</param>
/// <param name="steps">The steps of the whole run.</param>
/// <param name="maxStaleness">How many updates older than the policy the weights may be.</param>
/// <param name="samples">Responses to each prompt.</param>
/// <param name="seed">The seed of the run.</param>
sealed class RolloutsAhead(
    Policy policy, Func<int, TokenPrompt[]> promptsOf, int steps, int maxStaleness, int samples, int seed) : IDisposable
{
    readonly Queue<Task<IReadOnlyList<Response>>> queue = [];      // the responses of the steps before `next`
    CancellationTokenSource ended = new();
    Task<IReadOnlyList<Response>> last = Task.FromResult<IReadOnlyList<Response>>([]);
    int next;

    /// <summary>The steps whose responses are there.</summary>
    public int Ready => Ranks.Once(() => queue.Count(responses => responses.IsCompletedSuccessfully));

    /// <summary>The responses of a step; waits for them. Then requests those of later steps.</summary>
    /// <exception cref="InvalidDataException">No server answered.</exception>
    public IReadOnlyList<Response> Take(int step) => policy.Episodes is null
        ? Ranks.Once(() => TakeHere(step))
        : Ranks.Once(() => TakeHere(step).Cast<EpisodeResponse>().ToArray());

    public void Dispose()
    {
        End();
        ended.Dispose();
    }

    IReadOnlyList<Response> TakeHere(int step)
    {
        if (step != next - queue.Count)                            // the first step, or one before it after a rollback
            Restart(step);
        while (next <= Math.Min(step + maxStaleness, steps - 1))
            queue.Enqueue(last = Sample(next++, last, ended.Token));
        return queue.Dequeue().GetAwaiter().GetResult();
    }

    void Restart(int step)
    {
        End();
        ended.Dispose();
        (ended, last, next) = (new(), Task.FromResult<IReadOnlyList<Response>>([]), step);
        queue.Clear();
    }

    void End()
    {
        ended.Cancel();
        ((Task)last).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
    }

    Task<IReadOnlyList<Response>> Sample(int step, Task before, CancellationToken cancellation)
    {
        var prompts = promptsOf(step);
        return Task.Run(
            async () =>
            {
                await before.ConfigureAwait(false);
                return policy.Sample(prompts, RowDraws.SeedOf((ulong)seed, step), samples, cancellation);
            },
            cancellation);
    }
}
