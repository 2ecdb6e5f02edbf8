using Attune.Models;
using Attune.Models.Backbones;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// The state of a batch of rows in a decoder: its KV cache, and the hidden states (B, D) from which the next tokens follow. Initially
/// there is one row for each prompt; <see cref="Select"/> changes the rows.
/// </summary>
sealed class DecoderState : IDisposable
{
    readonly LanguageModel model;
    readonly KvCache cache;
    readonly int[][] prompts;
    readonly int[][] prefixes;                                   // what the decoder reads before a response
    Tensor padding;                                                // (B, 1): number of padding columns
    Tensor positions;                                              // (B, 1): position of the next token
    Tensor hidden;

    /// <summary>
    /// Reads all prompts at once, padded on the left so that all responses start in the same column. In an encoder–decoder the encoder
    /// reads the prompts and the decoder begins with the start token.
    /// </summary>
    /// <exception cref="InvalidDataException">The model is a masked language model, or a prompt is empty or too long.</exception>
    public DecoderState(LanguageModel model, int[][] prompts, int padId, int maxNewTokens)
    {
        (this.model, this.prompts) = (model, prompts);
        if (model.Backbone.Kind == BackboneKind.Encoder)
            throw new InvalidDataException(
                $"a masked language model ({model.Config["model_type"]}) cannot generate; use a causal language model or T5");
        prefixes = model.Backbone.StartToken is { } start ? Array.ConvertAll(prompts, _ => new[] { start }) : prompts;
        Room = RoomFor(maxNewTokens);
        var columns = Longest(prefixes);
        cache = model.Backbone.NewCache(prompts.Length, columns + Room);
        padding = Column(Array.ConvertAll(prefixes, text => (long)columns - text.Length)).DetachFromScope();
        positions = Column(Array.ConvertAll(prefixes, text => (long)text.Length)).DetachFromScope();
        hidden = ReadPrompts(padId);
    }

    /// <summary>The maximum length of a response.</summary>
    public int Room { get; }

    /// <summary>The history of a row of this prompt, before its response.</summary>
    public TokenHistory Begin(int prompt) => new(prompts[prompt], prefixes[prompt]);

    /// <summary>(B, D): the hidden states from which the next tokens follow.</summary>
    public Tensor Hidden => hidden;

    /// <summary>(B, V) float32 logits of the next tokens.</summary>
    public Tensor Logits() => model.Logits(hidden).To(DType.Float32);

    /// <summary>(B) values from the value head; null without one.</summary>
    public Tensor? Values() => model.ValueHead?.Forward(hidden);

    /// <summary>Keeps these rows, in this order; a row may occur several times.</summary>
    public void Select(long[] rows)
    {
        using var scope = TensorScope.Open();
        var selected = Tensor.From(rows, rows.Length).To(model.Device);
        cache.Select(selected);
        Replace(ref padding, padding.IndexSelect(0, selected));
        Replace(ref hidden, hidden.IndexSelect(0, selected));
        Replace(ref positions, positions.IndexSelect(0, selected));
    }

    /// <summary>Reads the next token (B) of each row, without waiting for the device.</summary>
    public void Read(Tensor tokens)
    {
        using var scope = TensorScope.Open();
        var mask = padding.LessOrEqual(Tensor.Arange(0, cache.Length + 1, device: model.Device).Unsqueeze(0));      // (B, columns)
        Replace(ref hidden, model.HiddenStates(new(tokens.Unsqueeze(1), mask, positions), cache).Select(1, 0));
        cache.Advance(1);
        Replace(ref positions, positions + 1);
    }

    public void Dispose()
    {
        cache.Dispose();
        padding.Dispose();
        positions.Dispose();
        hidden.Dispose();
    }

    int RoomFor(int maxNewTokens)
    {
        var longest = Longest(prefixes);
        if (prompts.Any(prompt => prompt.Length == 0))
            throw new InvalidDataException("a prompt is empty; it must have at least one token");
        var room = (int)Math.Min(maxNewTokens, model.Backbone.ContextLength - longest);
        return room > 0
            ? room
            : throw new InvalidDataException(
                $"a prompt of {longest} tokens leaves no space for a response in a context of {model.Backbone.ContextLength} tokens; "
                + "shorten it");
    }

    Tensor ReadPrompts(int padId)
    {
        using var scope = TensorScope.Open();
        var input = PadLeft(prefixes, padId) with { Source = prefixes == prompts ? null : PadLeft(prompts, padId) };
        var last = model.HiddenStates(input, cache).Select(1, -1).Clone();
        cache.Advance(input.Tokens.Size(1));
        return last.DetachFromScope();
    }

    ModelInput PadLeft(int[][] texts, int padId)
    {
        var columns = Longest(texts);
        var tokens = texts.SelectMany(text => Enumerable.Repeat(padId, columns - text.Length).Concat(text)).Select(token => (long)token);
        var mask = texts.SelectMany(text => Enumerable.Range(0, columns).Select(column => column >= columns - text.Length));
        return ModelInput.FromPadded(
            Tensor.From(tokens.ToArray(), texts.Length, columns).To(model.Device),
            Tensor.From(mask.ToArray(), texts.Length, columns).To(model.Device));
    }

    static int Longest(int[][] texts) => texts.Max(text => text.Length);

    Tensor Column(long[] numbers) => Tensor.From(numbers, numbers.Length, 1).To(model.Device);

    static void Replace(ref Tensor before, Tensor after)
    {
        before.Dispose();
        before = after.DetachFromScope();
    }
}
