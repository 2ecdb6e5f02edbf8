using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Attune.Data;
using Attune.Generation;
using Attune.Models;
using Attune.Models.Checkpoints;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;

namespace Attune;

/// <summary>A language model with its tokenizer, from a folder. Its weights are read when they are first needed.</summary>
public sealed class ChatModel : IDisposable
{
    static readonly Origin ThePrompt = new("the prompt", 1);

    readonly Lazy<LanguageModel> model;

    ChatModel(string folder, Device device, Tokenizer tokenizer)
    {
        (Folder, Device, Tokenizer) = (folder, device, tokenizer);
        model = new(() => ModelFolder.LoadLanguageModel(folder, device));
    }

    /// <summary>The absolute path of the folder that the model is from.</summary>
    public string Folder { get; }

    /// <summary>Where the model computes.</summary>
    public Device Device { get; }

    /// <summary>The model's tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The model itself, for code that works with tensors.</summary>
    public LanguageModel Model => model.Value;

    /// <summary>Opens the model in a folder: of a run, or of a checkpoint as transformers writes it.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="device">auto (CUDA where there is one), cpu, cuda or cuda:N.</param>
    /// <exception cref="InvalidDataException">The folder holds no language model, or its tokenizer is damaged.</exception>
    /// <exception cref="DllNotFoundException">The native library or libtorch is missing; the message says what to install.</exception>
    public static ChatModel Load(string folder, string device = "auto")
    {
        TorchLibrary.Load();
        var full = ModelPath.Find(folder);
        var tokenizer = ModelFolder.LoadTokenizer(full);
        if (!Peft.IsAdapter(full))
            _ = Pretrained.ReadConfig(full);
        return new(full, Device.Parse(device), tokenizer);
    }

    /// <summary>
    /// Whether a plain prompt is a user's message in the model's chat template, where it has one; otherwise it is given to the model as it
    /// is.
    /// </summary>
    public bool UsesChatTemplate { get; set; } = true;

    /// <summary>A response to a prompt, without special tokens.</summary>
    /// <param name="prompt">The prompt: a user's message where <see cref="UsesChatTemplate"/> is true and the model has a template.</param>
    /// <param name="sampling">How tokens are chosen; null for the defaults.</param>
    /// <param name="seed">The same seed gives the same response.</param>
    /// <param name="cancellationToken">Stops between two tokens.</param>
    /// <exception cref="InvalidDataException">The prompt is empty, or an option is wrong.</exception>
    public string Generate(string prompt, SamplingOptions? sampling = null, int seed = 1, CancellationToken cancellationToken = default) =>
        Generate([prompt], sampling, samples: 1, seed, cancellationToken)[0][0];

    /// <summary>A response to a conversation, which the model's chat template writes.</summary>
    /// <param name="messages">What was said so far.</param>
    /// <inheritdoc cref="Generate(string, SamplingOptions?, int, CancellationToken)"/>
    public string Generate(
        IReadOnlyList<Message> messages, SamplingOptions? sampling = null, int seed = 1, CancellationToken cancellationToken = default)
    {
        var options = Checked(sampling);
        return Sample([Encode(new ChatExample(ThePrompt, messages), options)], options, 1, seed, null, cancellationToken)[0];
    }

    /// <summary>Several responses to each of several prompts.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="samples">Responses to each prompt.</param>
    /// <inheritdoc cref="Generate(string, SamplingOptions?, int, CancellationToken)"/>
    public IReadOnlyList<string[]> Generate(
        IReadOnlyList<string> prompts, SamplingOptions? sampling = null, int samples = 1, int seed = 1,
        CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples, 1);
        var options = Checked(sampling);
        TokenPrompt[] encoded = [.. prompts.Select(prompt => Encode(Plain(prompt), options))];
        return encoded.Length == 0 ? [] : [.. Sample(encoded, options, samples, seed, null, cancellationToken).Chunk(samples)];
    }

    /// <summary>A response to a prompt, piece by piece as it is sampled. Together the pieces are what <c>Generate</c> returns.</summary>
    /// <inheritdoc cref="Generate(string, SamplingOptions?, int, CancellationToken)"/>
    public async IAsyncEnumerable<string> GenerateAsync(
        string prompt, SamplingOptions? sampling = null, int seed = 1,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var options = Checked(sampling);
        var encoded = Encode(Plain(prompt), options);
        var pieces = Channel.CreateUnbounded<string>();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var writing = Task.Run(() => Write(encoded, options, seed, pieces.Writer, stopping.Token), CancellationToken.None);
        try
        {
            await foreach (var piece in pieces.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                yield return piece;
        }
        finally
        {
            await stopping.CancelAsync().ConfigureAwait(false);
            await writing.ConfigureAwait(false);
        }
    }

    /// <summary>Writes the model with its tokenizer, as transformers loads it.</summary>
    /// <param name="folder">The folder, which is made if needed.</param>
    public void Save(string folder) => ModelFolder.Save(folder, Model, Tokenizer);

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        if (model.IsValueCreated)
            model.Value.Free();
    }

    static SamplingOptions Checked(SamplingOptions? sampling)
    {
        var options = sampling ?? new();
        Validation.ThrowIfInvalid(options, "sampling");
        return options;
    }

    TokenPrompt Encode(Example example, SamplingOptions options)
    {
        var room = Math.Min(options.MaxNewTokens, (int)Model.Backbone.ContextLength / 2);
        return Tokenizer.NewEncoder(Model.Backbone).EncodePrompt(example, room) ?? throw new InvalidDataException("the prompt is empty");
    }

    Example Plain(string prompt)
    {
        var format = new PromptFormat(Tokenizer, raw: !UsesChatTemplate);
        return format.UsesTemplate && prompt.Length == 0
            ? throw new InvalidDataException("the prompt is empty")
            : format.Apply(ThePrompt, prompt);
    }

    string[] Sample(
        TokenPrompt[] prompts, SamplingOptions options, int samples, int seed, Action<int>? onToken, CancellationToken cancellation)
    {
        var generator = new TextGenerator(Model, Tokenizer.FillId, ModelFolder.EosIds(Model, Tokenizer))
        {
            OnToken = onToken,
            FindStopString = StopStrings.Finder(Tokenizer, options.Stop),
        };
        using var random = new RandomSource((ulong)seed, Device);
        int[][] tokens = [.. prompts.Select(prompt => prompt.Tokens)];
        var responses = generator.Generate(tokens, options.InTokens(Model, Tokenizer), random, samples, cancellation);
        return [.. responses.Select(response => Tokenizer.TextOf(response))];
    }

    /// <summary>Writes a response piece by piece. A stop string, and what may be the beginning of one, is held back.</summary>
    void Write(TokenPrompt prompt, SamplingOptions options, int seed, ChannelWriter<string> pieces, CancellationToken cancellation)
    {
        var stream = Tokenizer.NewDecodeStream(skipSpecialTokens: true);
        var heldBack = options.Stop.Select(stop => stop.Length - 1).DefaultIfEmpty(0).Max();
        var (text, written) = (new System.Text.StringBuilder(), 0);
        try
        {
            var whole = Sample([prompt], options, 1, seed, OnToken, cancellation)[0];
            WriteUpTo(whole, whole.Length);
            pieces.Complete();
        }
        catch (Exception error)
        {
            pieces.Complete(error);
        }

        void OnToken(int token)
        {
            text.Append(stream.Step(token));
            var known = text.ToString();
            WriteUpTo(known, options.Stop.Select(stop => known.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0)
                .Append(known.Length - heldBack).Min());
        }

        void WriteUpTo(string known, int end)
        {
            if (end <= written)
                return;
            pieces.TryWrite(known[written..end]);
            written = end;
        }
    }
}
