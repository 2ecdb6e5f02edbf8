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
public sealed class ChatEngine : IDisposable
{
    static readonly Origin ThePrompt = new("the prompt", 1);

    readonly ChatEngineOptions options;
    readonly LanguageModel model;
    readonly Lora? adapter;
    readonly TextEncoder encoder;
    readonly IReadOnlyList<int> eosIds;
    readonly IReadOnlyList<int> unusedIds;
    readonly BatchScheduler scheduler;
    readonly Lazy<ToolCallFormat> toolFormat;
    readonly Lazy<IReadOnlyList<ILogitsFilter>> json;

    ChatEngine(string name, LanguageModel model, Tokenizer tokenizer, ChatEngineOptions options, Lora? adapter = null)
    {
        (Name, this.model, this.options, this.adapter) = (name, model, options, adapter);
        Tokenizer = options.ChatTemplate is { } template ? tokenizer.WithChatTemplate(template) : tokenizer;
        encoder = new(Tokenizer, int.MaxValue, startToken: model.Backbone.StartToken) { Embeddings = model.Backbone.VocabularySize };
        eosIds = ModelFolder.EosIds(model, Tokenizer);
        unusedIds = [.. Enumerable.Range(0, (int)model.Backbone.VocabularySize).Where(id => Tokenizer.IdToToken(id) is null)];
        scheduler = new(model, Tokenizer.FillId, eosIds, options.Scheduling);
        json = new(() => [new JsonFilter(Tokenizer, VocabularySize, eosIds)]);
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
        return new(
            options.Name ?? folder, ModelFolder.LoadLanguageModel(folder, device, dtype), ModelFolder.LoadTokenizer(folder), options);
    }

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
        if (!Peft.IsAdapter(folder))
            throw new InvalidDataException($"{folder} is no LoRA adapter: it must have {Peft.ConfigFile} and adapter_model.safetensors");
        // An adapter may have its own biases and norms, which are vectors.
        var adapted = Pretrained.CloneSharing(model, (_, parameter) => parameter.Shape.Length == 1);
        adapted.GenerationConfig = model.GenerationConfig;
        var tokenizer = File.Exists(Path.Combine(folder, "tokenizer.json")) ? ModelFolder.LoadTokenizer(folder) : Tokenizer;
        return new(name, adapted, tokenizer, options, Peft.Load(folder, adapted));
    }

    /// <summary>The name of the model.</summary>
    public string Name { get; }

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
    /// <exception cref="InvalidDataException">The prompt is empty.</exception>
    public int[] Encode(string prompt) =>
        encoder.EncodePrompt(ThePrompt, prompt, room: 0)?.Tokens ?? throw new InvalidDataException("the prompt is empty");

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
    /// <exception cref="InvalidDataException">An option is wrong, or the prompt is too long for the context.</exception>
    /// <exception cref="QueueFullException">Too many responses wait.</exception>
    public IReadOnlyList<ResponseStream> Start(ChatRequest request)
    {
        Validation.ThrowIfInvalid(request.Sampling, "sampling");
        var sampling = AdvantageFilter.Resolve(request.Sampling, model).WithTokens(text => Tokenizer.Encode(text), unusedIds: unusedIds);
        if (sampling.GuidanceScale != 1)
            throw new InvalidDataException("guidanceScale must be 1: rows of a shared batch have no negative prompt");
        ToolCallFormat? format = request.ReadsToolCalls ? toolFormat.Value : null;
        var streams = scheduler.Start(new(request.Prompt, sampling)
        {
            Samples = request.Samples,
            Seed = (ulong)(request.Seed ?? Random.Shared.NextInt64()),
            TopLogprobs = request.TopLogprobs,
            Filters = request.IsJson ? json.Value : [],
        });
        return [.. streams.Select(stream => new ResponseStream(stream, new(Tokenizer, request.Sampling.Stop, format), eosIds))];
    }

    /// <summary>Cancels all responses and frees the weights.</summary>
    public void Dispose()
    {
        scheduler.Dispose();
        if (adapter is not null)
            adapter.Dispose();
        else
            model.Free();
    }
}
