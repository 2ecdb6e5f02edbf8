using Attune.Models;
using Attune.Models.Backbones;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// The rows of a batch as the model has read them: its cache, and the hidden states (B, D) that the next tokens follow from. At first a
/// row is a prompt; which rows there are afterwards is for the search to say.
/// </summary>
sealed class DecoderState : IDisposable
{
    readonly LanguageModel model;
    readonly KvCache cache;
    readonly int[][] prompts;
    readonly int[][] beginnings;                                   // what stands before the answers where they are written
    Tensor padding;                                                // (B, 1): columns of padding before a row
    Tensor positions;                                              // (B, 1) of the token that each row reads next
    Tensor hidden;

    /// <summary>
    /// Reads all prompts at once, padded on the left so that every answer begins in the same column. The encoder of an encoder–decoder
    /// reads them, and its decoder begins with the start token.
    /// </summary>
    /// <exception cref="InvalidDataException">The model is a masked one, or a prompt is empty or leaves an answer no room.</exception>
    public DecoderState(LanguageModel model, int[][] prompts, int padId, int maxNewTokens)
    {
        (this.model, this.prompts) = (model, prompts);
        if (model.Backbone.Kind == BackboneKind.Encoder)
            throw new InvalidDataException(
                $"a masked language model ({model.Config["model_type"]}) does not go on from a prompt; name a causal one, or T5");
        beginnings = model.Backbone.StartToken is { } start ? Array.ConvertAll(prompts, _ => new[] { start }) : prompts;
        Room = RoomFor(maxNewTokens);
        var columns = Longest(beginnings);
        cache = model.Backbone.NewCache(prompts.Length, columns + Room);
        padding = Column(Array.ConvertAll(beginnings, text => (long)columns - text.Length)).DetachFromScope();
        positions = Column(Array.ConvertAll(beginnings, text => (long)text.Length)).DetachFromScope();
        hidden = ReadPrompts(padId);
    }

    /// <summary>The most tokens of an answer.</summary>
    public int Room { get; }

    /// <summary>What a row of this prompt holds before its answer.</summary>
    public TokenHistory Begin(int prompt) => new(prompts[prompt], beginnings[prompt]);

    /// <summary>(B, D): the last hidden states, that the next tokens follow from.</summary>
    public Tensor Hidden => hidden;

    /// <summary>(B, V) float32 logits of the next tokens.</summary>
    public Tensor Logits() => model.Logits(hidden).To(DType.Float32);

    /// <summary>(B) estimates of the value head; null without one.</summary>
    public Tensor? Values() => model.ValueHead?.Forward(hidden);

    /// <summary>Keeps these rows, in their order; a row may come several times.</summary>
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
        var longest = Longest(beginnings);
        if (prompts.Any(prompt => prompt.Length == 0))
            throw new InvalidDataException("a prompt is empty: a model needs at least one token to go on from");
        var room = (int)Math.Min(maxNewTokens, model.Backbone.ContextLength - longest);
        return room > 0
            ? room
            : throw new InvalidDataException(
                $"a prompt of {longest} tokens leaves no room for an answer in a context of {model.Backbone.ContextLength}; shorten it");
    }

    Tensor ReadPrompts(int padId)
    {
        using var scope = TensorScope.Open();
        var input = PaddedOnTheLeft(beginnings, padId) with { Source = beginnings == prompts ? null : PaddedOnTheLeft(prompts, padId) };
        var last = model.HiddenStates(input, cache).Select(1, -1).Clone();
        cache.Advance(input.Tokens.Size(1));
        return last.DetachFromScope();
    }

    ModelInput PaddedOnTheLeft(int[][] texts, int padId)
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
