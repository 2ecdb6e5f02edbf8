using System.Collections.Concurrent;
using System.Threading.Channels;
using Attune.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Attune.Studio.Dialogues;

/// <summary>
/// Asks models to respond to turns, a few at the same time, in the order in which they were written. Turns are in the store before they
/// come here, so nothing is lost when a model or the studio ends: the page of a turn asks for it again.
/// </summary>
sealed class DialogueResponder(
    ModelServers servers, StudioOptions options, PreferenceStore store, ILogger<DialogueResponder> log) : BackgroundService
{
    static readonly TimeSpan IdleCheck = TimeSpan.FromSeconds(10);

    readonly Channel<(Dialogue Dialogue, long Turn)> waiting = Channel.CreateUnbounded<(Dialogue, long)>();
    readonly ConcurrentDictionary<long, long> numbers = [];     // by turn; smaller numbers come first
    long last;

    /// <summary>Asks for responses to a turn, unless that has been done.</summary>
    public void Ask(Dialogue dialogue, DialogueTurn turn)
    {
        if (turn.State == DialogueTurnState.Waiting && numbers.TryAdd(turn.Id, Interlocked.Increment(ref last)))
            waiting.Writer.TryWrite((dialogue, turn.Id));
    }

    /// <summary>How many turns must be responded to before this one is started.</summary>
    public int Before(long turn) => numbers.TryGetValue(turn, out var number)
        ? Math.Max(0, numbers.Values.Count(other => other < number) - options.ModelServers.AtOnce + 1)
        : 0;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        [EndIdleServers(stoppingToken), .. Enumerable.Range(0, options.ModelServers.AtOnce).Select(_ => Work(stoppingToken))]);

    async Task EndIdleServers(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(IdleCheck);
        while (await timer.WaitForNextTickAsync(stopping))
            servers.EndIdle();
    }

    async Task Work(CancellationToken stopping)
    {
        await foreach (var (dialogue, turn) in waiting.Reader.ReadAllAsync(stopping))
            try
            {
                await Respond(dialogue, turn, stopping);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                log.LogWarning("no responses in conversation {Dialogue}: {Error}", dialogue.Id, error.Message);
                SaveFailure(turn, error.Message);
            }
            finally
            {
                numbers.TryRemove(turn, out _);
            }
    }

    /// <summary>The store may be away too. Then the turn stays as it is, and its page asks again.</summary>
    void SaveFailure(long turn, string failure)
    {
        try
        {
            store.Dialogues.Fail(turn, failure);
        }
        catch (Exception error)
        {
            log.LogError(error, "That turn {Turn} has no responses could not be saved", turn);
        }
    }

    async Task Respond(Dialogue dialogue, long turn, CancellationToken stopping)
    {
        var path = Store.Dialogues.PathTo(store.Dialogues.Turns(dialogue.Id), turn);
        if (path[^1].State != DialogueTurnState.Waiting)
            return;
        var settings = store.Projects.Get(dialogue.Project).Settings.Dialogue ?? new();
        var prompt = Store.Dialogues.Prompt(dialogue, path);
        var each = settings.Models.Count == 1 ? 2 : 1;
        var texts = settings.Models.Count == 0
            ? throw new InvalidDataException("no model is chosen for the conversations of this project")
            : await Task.WhenAll(settings.Models.Select(model => servers.Respond(model, settings, prompt, each, stopping)));
        store.Dialogues.Answer(dialogue, turn,
        [
            .. settings.Models.Zip(texts).SelectMany(model => model.Second.Select(text => new ItemResponse(text, model.First.Name))),
        ]);
    }
}
