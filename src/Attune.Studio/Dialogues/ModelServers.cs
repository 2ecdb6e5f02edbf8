using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Attune.Store;

namespace Attune.Studio.Dialogues;

/// <summary>
/// The servers of models in use, one for each model, chat template and maximum length. They start at the first request, again at the next
/// request where they have ended, and end when they are idle.
/// </summary>
sealed class ModelServers(StudioOptions options, TimeProvider time) : IDisposable
{
    readonly Lock changing = new();
    readonly Dictionary<Key, Entry> servers = [];

    /// <param name="Path">The model's folder.</param>
    /// <param name="Template">The chat template; empty to use the model's own.</param>
    /// <param name="MaxTokens">The most tokens of a response.</param>
    readonly record struct Key(string Path, string Template, int MaxTokens);

    /// <param name="Server">The server.</param>
    /// <param name="UsedAt">When it was asked last.</param>
    /// <param name="Requests">How many requests wait for it.</param>
    sealed record Entry(ModelServer Server, DateTimeOffset UsedAt, int Requests);

    /// <summary>Responses of a model. Where its server ends meanwhile, they are asked for once more.</summary>
    /// <exception cref="InvalidDataException">The model did not respond; the message says why.</exception>
    public async Task<IReadOnlyList<string>> Respond(
        DialogueModel model, DialogueSettings settings, JsonArray messages, int count, CancellationToken cancellation)
    {
        for (var again = true; ; again = false)
        {
            var key = new Key(model.Path, settings.ChatTemplate, settings.MaxTokens);
            var server = Take(key);
            try
            {
                return await Respond(server, settings, messages, count, cancellation);
            }
            catch (HttpRequestException) when (again && server.Ends())
            {
                continue;
            }
            catch (HttpRequestException error)
            {
                throw new InvalidDataException($"the model server cannot be reached: {error.Message}", error);
            }
            finally
            {
                Release(key, server);
            }
        }
    }

    async Task<IReadOnlyList<string>> Respond(
        ModelServer server, DialogueSettings settings, JsonArray messages, int count, CancellationToken cancellation)
    {
        var limits = options.ModelServers;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            await server.Ready(limits.StartTimeout, cancellation);
            limit.CancelAfter(limits.ResponseTimeout);
            return await server.Respond(messages, count, settings, limit.Token);
        }
        catch (TimeoutException error)
        {
            throw new InvalidDataException($"the model was not loaded within {limits.StartTimeout.TotalSeconds:0} seconds", error);
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw new InvalidDataException($"the model did not respond within {limits.ResponseTimeout.TotalSeconds:0.#} seconds", error);
        }
    }

    ModelServer Take(Key key)
    {
        lock (changing)
        {
            if (servers.TryGetValue(key, out var entry) && entry.Server.HasEnded)
            {
                servers.Remove(key);
                entry.Server.Dispose();
                entry = null;
            }
            entry ??= new(new(options.Attune, key.Path, TemplateFile(key.Template), key.MaxTokens), time.GetUtcNow(), 0);
            servers[key] = entry with { Requests = entry.Requests + 1 };
            return entry.Server;
        }
    }

    void Release(Key key, ModelServer server)
    {
        lock (changing)
            if (servers.TryGetValue(key, out var entry) && entry.Server == server)
                servers[key] = entry with { Requests = entry.Requests - 1, UsedAt = time.GetUtcNow() };
    }

    /// <summary>Ends the servers that nobody has used for some time.</summary>
    public void EndIdle()
    {
        lock (changing)
            foreach (var (key, entry) in servers.Where(each =>
                each.Value.Requests == 0 && time.GetUtcNow() - each.Value.UsedAt > options.ModelServers.Idle).ToList())
            {
                servers.Remove(key);
                entry.Server.Dispose();
            }
    }

    /// <summary>The file of a chat template, which the server reads.</summary>
    string? TemplateFile(string template)
    {
        if (template.Length == 0)
            return null;
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(template)));
        var file = Path.Combine(PrivateFolder.Create(options.ChatTemplates), $"{name}.jinja");
        File.WriteAllText(file, template);
        return file;
    }

    public void Dispose()
    {
        lock (changing)
        {
            foreach (var entry in servers.Values)
                entry.Server.Dispose();
            servers.Clear();
        }
    }
}
