using Attune.Models.Backbones;
using Attune.Serving.Protocol;
using Attune.Training.Parameters;

namespace Attune.Serving.Server;

/// <summary>The models of a server, by name.</summary>
sealed class ServedModels : IDisposable
{
    readonly OrderedDictionary<string, object> models = new(StringComparer.Ordinal);
    readonly Lock changing = new();                                // of the list
    readonly SemaphoreSlim updating = new(1);                      // one change of weights at a time

    /// <summary>The names, in the order in which the models were given.</summary>
    public IReadOnlyList<string> Names => [.. All.Select(model => model.Key)];

    public long Created { get; } = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <exception cref="InvalidDataException">A folder holds no model that can be served, or a name occurs twice.</exception>
    public static ServedModels Load(ServingOptions options)
    {
        var served = new ServedModels();
        try
        {
            foreach (var (name, folder) in options.Models)
                served.Add(name, () => Load(name, folder, options));
            foreach (var (name, folder) in options.Adapters)
                served.Add(name, () => served.Basis.WithAdapter(folder, name));
            return served;
        }
        catch
        {
            served.Dispose();
            throw;
        }
    }

    /// <summary>The model that a request names; the first of its kind where it names none.</summary>
    /// <exception cref="ApiException">There is no such model, or it is of another kind.</exception>
    public T Find<T>(string? name, string does) where T : class
    {
        if (name is null or "")
            return All.Select(model => model.Value).OfType<T>().FirstOrDefault()
                ?? throw new ApiException(404, $"no model of this server {does}");
        return Get(name) switch
        {
            T model => model,
            null => throw new ApiException(
                404, $"there is no model '{name}'; this server has {string.Join(", ", Names)}", "model", "model_not_found"),
            _ => throw ApiException.Invalid($"the model '{name}' is none that {does}", "model"),
        };
    }

    public string NameOf(object model) => All.First(entry => ReferenceEquals(entry.Value, model)).Key;

    /// <summary>The context length of a language model; null for other models.</summary>
    public int? ContextLength(string name) => (Get(name) as ChatEngine)?.ContextLength;

    /// <summary>Loads an adapter of the first language model, or replaces the one of this name.</summary>
    /// <exception cref="ApiException">The name is in use, and the adapter must not be replaced.</exception>
    /// <exception cref="InvalidDataException">The folder holds no adapter of the model.</exception>
    public Task LoadAdapterAsync(string name, string folder, bool replaces, CancellationToken cancellation) => UpdateAsync(
        async () =>
        {
            if (Get(name) is null)
                Add(name, () => Basis.WithAdapter(folder, name));
            else if (!replaces)
                throw ApiException.Invalid($"the adapter '{name}' is loaded; set load_inplace to true to replace it", "lora_name");
            else
                await Adapter(name).UpdateWeightsAsync(folder, cancellation: cancellation).ConfigureAwait(false);
        },
        cancellation);

    /// <summary>Removes an adapter, after its running responses have ended.</summary>
    /// <exception cref="ApiException">There is no adapter of this name.</exception>
    public Task UnloadAdapterAsync(string name, CancellationToken cancellation) => UpdateAsync(
        async () =>
        {
            var adapter = Adapter(name);
            lock (changing)
                _ = models.Remove(name);
            await adapter.DisposeAsync().ConfigureAwait(false);
        },
        cancellation);

    /// <summary>Replaces the weights of the first language model.</summary>
    /// <exception cref="InvalidDataException">The folder holds no model of the same shape, or adapters are loaded.</exception>
    public Task UpdateWeightsAsync(string folder, string? version, bool abort, CancellationToken cancellation) => UpdateAsync(
        () => All.FirstOrDefault(model => model.Value is ChatEngine { IsAdapter: true }).Key is { } adapter
            ? throw new InvalidDataException($"adapters of the old weights are loaded, such as '{adapter}'; unload them first")
            : Basis.UpdateWeightsAsync(folder, version, abort, cancellation),
        cancellation);

    /// <summary>Updates, one at a time. A folder that is missing is a mistake of the client.</summary>
    async Task UpdateAsync(Func<Task> update, CancellationToken cancellation)
    {
        await updating.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await update().ConfigureAwait(false);
        }
        catch (IOException error)
        {
            throw new InvalidDataException(error.Message, error);
        }
        finally
        {
            updating.Release();
        }
    }

    /// <summary>The model that adapters belong to.</summary>
    ChatEngine Basis => All.Select(model => model.Value).OfType<ChatEngine>().FirstOrDefault()
        ?? throw new InvalidDataException("adapters and new weights need a language model that they belong to");

    ChatEngine Adapter(string name) => Get(name) is ChatEngine { IsAdapter: true } adapter
        ? adapter
        : throw new ApiException(404, $"there is no adapter '{name}'", "lora_name", "model_not_found");

    KeyValuePair<string, object>[] All
    {
        get
        {
            lock (changing)
                return [.. models];
        }
    }

    object? Get(string name)
    {
        lock (changing)
            return models.GetValueOrDefault(name);
    }

    public void Dispose()
    {
        foreach (var model in models.Values.Reverse())                  // adapters before their model
            (model as IDisposable)?.Dispose();
        models.Clear();
    }

    void Add(string name, Func<object> load)
    {
        if (models.ContainsKey(name))
            throw new InvalidDataException($"two models have the name '{name}'; give one another name, as NAME=FOLDER");
        var model = load();
        lock (changing)
            models.Add(name, model);
    }

    static object Load(string name, string folder, ServingOptions options)
    {
        var description = ModelFolder.Describe(folder);
        if (description.ClassName.EndsWith("ForSequenceClassification", StringComparison.Ordinal))
            return ScoreModel.Load(folder, options.Engine.Device);
        return description.Backbone.Kind == BackboneKind.Encoder
            ? EmbeddingModel.Load(folder, options.Engine.Device, name)
            : ChatEngine.Load(folder, options.Engine with { Name = name });
    }
}
