using Attune.Models.Backbones;
using Attune.Serving.Protocol;
using Attune.Training.Parameters;

namespace Attune.Serving.Server;

/// <summary>The models of a server, by name.</summary>
sealed class ServedModels : IDisposable
{
    readonly OrderedDictionary<string, object> models = new(StringComparer.Ordinal);

    /// <summary>The names, in the order in which the models were given.</summary>
    public IEnumerable<string> Names => models.Keys;

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
                served.Add(name, () => served.models.Values.OfType<ChatEngine>().FirstOrDefault()?.WithAdapter(folder, name)
                    ?? throw new InvalidDataException("an adapter needs the language model that it belongs to"));
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
            return models.Values.OfType<T>().FirstOrDefault() ?? throw new ApiException(404, $"no model of this server {does}");
        return models.GetValueOrDefault(name) switch
        {
            T model => model,
            null => throw new ApiException(
                404, $"there is no model '{name}'; this server has {string.Join(", ", models.Keys)}", "model", "model_not_found"),
            _ => throw ApiException.Invalid($"the model '{name}' is none that {does}", "model"),
        };
    }

    public string NameOf(object model) => models.First(entry => ReferenceEquals(entry.Value, model)).Key;

    /// <summary>The context length of a language model; null for other models.</summary>
    public int? ContextLength(string name) => (models[name] as ChatEngine)?.ContextLength;

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
        models.Add(name, load());
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
