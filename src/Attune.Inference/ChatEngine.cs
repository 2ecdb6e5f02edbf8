using System.Collections.Concurrent;
using Attune.Data;
using Attune.Generation;
using Attune.Generation.Scheduling;
using Attune.Models;
using Attune.Models.Adapters;
using Attune.Models.Checkpoints;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Environments;
using Attune.Training.Options;
using Attune.Training.Parameters;

namespace Attune;

/// <summary>
/// A language model that responds to many requests at the same time: they share one batch, which they join and leave between two tokens.
/// All members may be called from several threads.
/// </summary>
public sealed class ChatEngine : IDisposable, IAsyncDisposable
{
    const int MostConstraints = 32;

    static readonly Origin ThePrompt = new("the prompt", 1);

    readonly ChatEngineOptions options;
    readonly ChatEngine? basis;                                    // of an adapter
    readonly TextEncoder encoder;
    readonly IReadOnlyList<int> eosIds;
    readonly IReadOnlyList<int> unusedIds;
    readonly BatchScheduler scheduler;
    readonly Lazy<ToolCallFormat> toolFormat;
    readonly Lazy<string?[]> texts;                                // of tokens, without special ones
    readonly Lazy<string?[]> markup;                               // and of those that mark calls of tools
    readonly ConcurrentDictionary<string, IReadOnlyList<ILogitsFilter>> constraints = new(StringComparer.Ordinal);
    LanguageModel model;
    Lora? adapter;

    ChatEngine(string name, string folder, LanguageModel model, Tokenizer tokenizer, ChatEngineOptions options)
    {
        (Name, Folder, this.model, this.options) = (name, folder, model, options);
        Tokenizer = options.ChatTemplate is { } template ? tokenizer.WithChatTemplate(template) : tokenizer;
        encoder = new(Tokenizer, int.MaxValue, startToken: model.Backbone.StartToken) { Embeddings = model.Backbone.VocabularySize };
        eosIds = ModelFolder.EosIds(model, Tokenizer);
        unusedIds = [.. Enumerable.Range(0, (int)model.Backbone.VocabularySize).Where(id => Tokenizer.IdToToken(id) is null)];
        scheduler = new(model, Tokenizer.FillId, eosIds, options.Scheduling);
        texts = new(() => GrammarFilter.Texts(Tokenizer, VocabularySize, eosIds, markers: []));
        markup = new(() => GrammarFilter.Texts(Tokenizer, VocabularySize, eosIds, ToolCallGrammar.Markers));
        toolFormat = new(() => Training.Environments.ToolCalls.FormatOf(Tokenizer));
    }

    /// <summary>Loads the model of a folder: of a run, or of a checkpoint as transformers writes it.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">The device, limits, and a chat template.</param>
    /// <exception cref="InvalidDataException">The folder holds no language model, or the chat template is invalid.</exception>
    /// <exception cref="DllNotFoundException">The native library or libtorch is missing; the message says what to install.</exception>
    public static ChatEngine Load(string folder, ChatEngineOptions? options = null)
    {
        TorchLibrary.Load();
        options ??= new();
        var device = Device.Parse(options.Device);
        var dtype = options.Dtype == "stored" ? null : (DType?)DTypes.Parse(options.Dtype);
        var (model, tokenizer) = (ModelFolder.LoadLanguageModel(folder, device, dtype), ModelFolder.LoadTokenizer(folder));
        return new(options.Name ?? folder, folder, model, tokenizer, options);
    }

    ChatEngine(ChatEngine basis, string name, string folder, LanguageModel adapted, Lora adapter, Tokenizer tokenizer)
        : this(name, folder, adapted, tokenizer, basis.options) => (this.basis, this.adapter) = (basis, adapter);

    /// <summary>
    /// An engine for a LoRA adapter of this model. It shares the model's weights, and takes turns with it on the device. Dispose of it
    /// before this one.
    /// </summary>
    /// <param name="folder">The adapter's folder, as PEFT writes it.</param>
    /// <param name="name">The name of the model with the adapter.</param>
    /// <exception cref="InvalidDataException">The folder holds no adapter of this model.</exception>
    public ChatEngine WithAdapter(string folder, string name)
    {
        folder = ModelPath.Find(folder);
        var (adapted, lora) = Adapt(folder);
        var tokenizer = File.Exists(Path.Combine(folder, "tokenizer.json")) ? ModelFolder.LoadTokenizer(folder) : Tokenizer;
        return new(this, name, folder, adapted, lora, tokenizer);
    }

    (LanguageModel Adapted, Lora Adapter) Adapt(string folder)
    {
        if (!Peft.IsAdapter(folder))
            throw new InvalidDataException($"{folder} is no LoRA adapter: it must have {Peft.ConfigFile} and adapter_model.safetensors");
        // An adapter may have its own biases and norms, which are vectors.
        var adapted = ModelCopy.Sharing(model, (_, parameter) => parameter.Shape.Length == 1);
        adapted.GenerationConfig = model.GenerationConfig;
        return (adapted, Peft.Load(folder, adapted));
    }

    /// <summary>
    /// Replaces the weights, or those of the adapter. They are loaded while responses run; these end with the old weights, and others wait
    /// until the new ones are in use. Engines of adapters of this model must be disposed of first.
    /// </summary>
    /// <param name="folder">A model of the same shape with the same tokens, or an adapter where this is one.</param>
    /// <param name="version">The new <see cref="WeightVersion"/>; null keeps it.</param>
    /// <param name="abort">Whether running responses end with a <see cref="ResponseAbortedException"/> instead.</param>
    /// <param name="cancellation">Ends the wait for responses; the old weights remain.</param>
    /// <exception cref="InvalidDataException">The folder holds no such model; the old weights remain.</exception>
    public async Task UpdateWeightsAsync(
        string folder, string? version = null, bool abort = false, CancellationToken cancellation = default)
    {
        folder = ModelPath.Find(folder);
        var (next, lora) = basis is null ? (LoadSameShape(folder), null) : basis.Adapt(folder);
        try
        {
            using var paused = await scheduler.PauseAsync(abort, cancellation).ConfigureAwait(false);
            ((model, next), (adapter, lora)) = ((next, model), (lora, adapter));
            (scheduler.Model, scheduler.WeightVersion, Folder) = (model, version ?? scheduler.WeightVersion, folder);
        }
        finally
        {
            Free(next, lora);
        }
    }

    LanguageModel LoadSameShape(string folder)
    {
        var loaded = ModelFolder.LoadLanguageModel(folder, model.Device, options.Dtype == "stored" ? null : DTypes.Parse(options.Dtype));
        if (Shapes(loaded).SequenceEqual(Shapes(model)) && ModelFolder.LoadTokenizer(folder).HasSameTokensAs(Tokenizer))
            return loaded;
        loaded.Free();
        throw new InvalidDataException($"{folder} must have a model with the same shape and tokens as that of {Folder}");

        // Heads, such as the value head of PPO, do not matter to responses.
        static IEnumerable<string> Shapes(LanguageModel model) => model.NamedParameters()
            .Where(parameter => !model.Heads.Keys.Any(head => parameter.Name.StartsWith($"{head}.", StringComparison.Ordinal)))
            .Select(parameter => $"{parameter.Name}: {string.Join(' ', parameter.Value.Shape.ToArray())}")
            .Append($"{model.Backbone.ContextLength} {model.Backbone.StartToken}");
    }

    /// <summary>The name of the model.</summary>
    public string Name { get; }

    /// <summary>Whether this is an adapter of another engine's model.</summary>
    public bool IsAdapter => basis is not null;

    /// <summary>The folder of the weights.</summary>
    public string Folder { get; private set; }

    /// <summary>A name of the weights, which <see cref="UpdateWeightsAsync"/> sets.</summary>
    public string WeightVersion => scheduler.WeightVersion;

    /// <summary>The model's tokenizer, with the chat template that is used.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The context length in tokens, which a prompt and its response share.</summary>
    public int ContextLength => (int)model.Backbone.ContextLength;

    /// <summary>Number of token ids that the model has.</summary>
    public int VocabularySize => (int)model.Backbone.VocabularySize;

    /// <summary>Responses that wait for a place in the batch.</summary>
    public int Waiting => scheduler.Waiting;

    /// <summary>Responses in the batch.</summary>
    public int Running => scheduler.Running;

    /// <summary>The tokens of a prompt that is given to the model as it is.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="addSpecialTokens">Whether the tokens with which a text begins are added.</param>
    /// <exception cref="InvalidDataException">The prompt is empty.</exception>
    public int[] Encode(string prompt, bool addSpecialTokens = true) =>
        (addSpecialTokens ? encoder.EncodePrompt(ThePrompt, prompt, room: 0)?.Tokens : Tokenizer.Encode(prompt)) is { Length: > 0 } tokens
            ? tokens
            : throw new InvalidDataException("the prompt is empty");

    /// <summary>The tokens of a conversation, which the chat template writes, and of the beginning of a response.</summary>
    /// <param name="conversation">The messages and tools.</param>
    /// <exception cref="InvalidDataException">There is no chat template, or it rejects the conversation.</exception>
    public int[] Encode(Conversation conversation)
    {
        if (Tokenizer.ChatTemplate is null)
            throw new InvalidDataException(
                "the model has no chat template, so it cannot read messages; give it a plain prompt, or set a chat template");
        if (conversation.Messages.Count == 0)
            throw new InvalidDataException("the conversation has no messages");
        var template = ChatTemplate.FromTokenizer(Tokenizer);
        var text = template.Render(template.Adapt(conversation), addGenerationPrompt: true).Text;
        int[] tokens = [.. Tokenizer.Encode(text), .. model.Backbone.StartToken is null ? Array.Empty<int>() : [Tokenizer.EosId!.Value]];
        return tokens.Length > 0 ? tokens : throw new InvalidDataException("the chat template writes nothing for this conversation");
    }

    /// <summary>Queues a request, and returns its responses, which are generated from now on.</summary>
    /// <param name="request">The prompt and the options.</param>
    /// <returns>A stream for each sample. Read them or dispose of them.</returns>
    /// <exception cref="InvalidDataException">
    /// An option is wrong, a schema has something that is not supported, or the prompt is too long for the context.
    /// </exception>
    /// <exception cref="QueueFullException">Too many responses wait.</exception>
    public IReadOnlyList<ResponseStream> Start(ChatRequest request)
    {
        Validation.ThrowIfInvalid(request.Sampling, "sampling");
        var sampling = AdvantageFilter.Resolve(request.Sampling, model).WithTokens(text => Tokenizer.Encode(text), unusedIds: unusedIds);
        if (sampling.GuidanceScale != 1)
            throw new InvalidDataException("guidanceScale must be 1: rows of a shared batch have no negative prompt");
        ToolCallFormat? format = request.ReadsToolCalls || request.RequiredTools is not null ? toolFormat.Value : null;
        var streams = scheduler.Start(new(request.Prompt, sampling)
        {
            Samples = request.Samples,
            Seed = (ulong)(request.Seed ?? Random.Shared.NextInt64()),
            TopLogprobs = request.TopLogprobs,
            TemperedLogprobs = request.TemperedLogprobs,
            EosIds = request is { IgnoreEos: false, StopTokenIds.Count: 0 } ? null
                : [.. request.StopTokenIds.Union(request.IgnoreEos ? [] : eosIds)],
            Filters = Constraint(request),
        });
        return
        [
            .. streams.Select(stream => new ResponseStream(
                stream, new(Tokenizer, request.Sampling.Stop, format, request.KeepsSpecialTokens))),
        ];
    }

    /// <summary>The filter of responses that must have a form. Requests with the same form share it, and are sampled together.</summary>
    IReadOnlyList<ILogitsFilter> Constraint(ChatRequest request)
    {
        if (constraints.Count > MostConstraints)
            constraints.Clear();
        return request switch
        {
            { RequiredTools: { } tools } => constraints.GetOrAdd(
                $"tools {tools.GetRawText()}",
                _ => [new GrammarFilter(ToolCallGrammar.Of(toolFormat.Value, tools), markup.Value, eosIds)]),
            { JsonSchema: { } schema } => constraints.GetOrAdd(
                $"schema {schema.GetRawText()}",
                _ => [new GrammarFilter(SchemaGrammar.Read(schema, "the response"), texts.Value, eosIds)]),
            { IsJson: true } => constraints.GetOrAdd("json", _ => [new GrammarFilter(JsonGrammar.Object, texts.Value, eosIds)]),
            _ => [],
        };
    }

    /// <summary>Lets the running responses end, cancels those that wait, and frees the weights.</summary>
    public async ValueTask DisposeAsync()
    {
        using (await scheduler.PauseAsync().ConfigureAwait(false))
            Dispose();
    }

    /// <summary>Cancels all responses and frees the weights.</summary>
    public void Dispose()
    {
        scheduler.Dispose();
        Free(model, adapter);
    }

    /// <summary>Frees a model, or of one that an adapter changes what is the adapter's own.</summary>
    static void Free(LanguageModel model, Lora? adapter)
    {
        if (adapter is not null)
            adapter.Dispose();
        else
            model.Free();
    }
}
