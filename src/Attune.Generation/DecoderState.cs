using Attune.Models;
using Attune.Models.Backbones;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// A batch of rows in a decoder: its KV cache, and the hidden states (B, D) from which the next tokens follow. Initially there is one
/// row for each prompt; rows leave and are repeated by <see cref="Select"/>, and join by <see cref="Join"/>, between any two tokens.
/// </summary>
public sealed class DecoderState : IDisposable
{
    readonly LanguageModel model;
    readonly KvCache cache;
    readonly int[][] prompts;
    readonly int[] room;                                             // of each prompt
    readonly int[][] prefixes;                                   // what the decoder reads before a response
    long[] paddingColumns;                                         // of each row, before its first token
    Tensor padding;                                                // (B, 1): the same on the device
    Tensor positions;                                              // (B, 1): position of the next token
    Tensor hidden;

    /// <summary>
    /// Reads all prompts at once, padded on the left so that all responses start in the same column. In an encoder–decoder the encoder
    /// reads the prompts and the decoder begins with the start token.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="prompts">The prompt of each row.</param>
    /// <param name="padId">Pads prompts. Any token will do: it is masked.</param>
    /// <param name="maxNewTokens">How many tokens a row reads at most.</param>
    /// <exception cref="InvalidDataException">The model is a masked language model, or a prompt is empty or too long.</exception>
    public DecoderState(LanguageModel model, int[][] prompts, int padId, int maxNewTokens)
    {
        (this.model, this.prompts) = (model, prompts);
        if (model.Backbone.Kind == BackboneKind.Encoder)
            throw new InvalidDataException(
                $"a masked language model ({model.Config["model_type"]}) cannot generate; use a causal language model or T5");
        prefixes = model.Backbone.StartToken is { } start ? Array.ConvertAll(prompts, _ => new[] { start }) : prompts;
        room = Array.ConvertAll(prefixes, text => RoomAfter(text, maxNewTokens));
        var columns = Longest(prefixes);
        cache = model.Backbone.NewCache(prompts.Length, columns + room.Max());
        paddingColumns = Array.ConvertAll(prefixes, text => (long)columns - text.Length);
        padding = Column(paddingColumns).DetachFromScope();
        positions = Column(Array.ConvertAll(prefixes, text => (long)text.Length)).DetachFromScope();
        hidden = ReadPrompts(padId);
    }

    /// <summary>The number of tokens that a row of this prompt can read at most.</summary>
    public int RoomOf(int prompt) => room[prompt];

    /// <summary>Rows, B.</summary>
    public int Count => paddingColumns.Length;

    /// <summary>
    /// Whether rows can join: not in an encoder–decoder, and not where a longer text changes the frequencies of all tokens.
    /// </summary>
    public bool CanJoin => cache.CanJoin;

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
        paddingColumns = Array.ConvertAll(rows, row => paddingColumns[row]);
        Replace(ref padding, padding.IndexSelect(0, selected));
        Replace(ref hidden, hidden.IndexSelect(0, selected));
        Replace(ref positions, positions.IndexSelect(0, selected));
    }

    /// <summary>Adds the rows of another state of this model after the own ones. The other state is not changed.</summary>
    /// <param name="other">Rows with prompts that were read.</param>
    /// <param name="tokens">The number of tokens that will be read at most.</param>
    public void Join(DecoderState other, int tokens)
    {
        using var scope = TensorScope.Open();
        var unused = paddingColumns.Min();
        var length = Math.Max(cache.Length - unused, other.cache.Length);
        paddingColumns =
        [
            .. paddingColumns.Select(columns => columns + length - cache.Length),
            .. other.paddingColumns.Select(columns => columns + length - other.cache.Length),
        ];
        cache.Join(other.cache, unused, length + tokens);
        Replace(ref padding, Column(paddingColumns));
        Replace(ref positions, Tensor.Concatenate(0, positions, other.positions));
        Replace(ref hidden, Tensor.Concatenate(0, hidden, other.hidden));
    }

    /// <summary>
    /// Puts the rows of another state of this model in the place of own rows, which is cheaper than to drop these and to join the others.
    /// The other state is not changed.
    /// </summary>
    /// <param name="places">The rows that are replaced, one for each row of the other state.</param>
    /// <param name="other">Rows with prompts that were read.</param>
    /// <param name="tokens">The number of tokens that will be read at most.</param>
    /// <param name="ended">The rows that are not needed any more, among them the replaced ones.</param>
    public void Put(IReadOnlyList<long> places, DecoderState other, int tokens, IReadOnlyCollection<long> ended)
    {
        using var scope = TensorScope.Open();
        if (cache.Length < other.cache.Length || cache.Length + tokens > cache.Capacity)
            MakeRoom(ended, other.cache.Length, tokens);
        cache.Put(places, other.cache);
        for (var i = 0; i < places.Count; i++)
            paddingColumns[places[i]] = other.paddingColumns[i] + cache.Length - other.cache.Length;
        var rows = Tensor.From(places.ToArray(), places.Count).To(model.Device);
        Replace(ref padding, Column(paddingColumns));
        Replace(ref positions, positions.IndexPut(other.positions, rows));
        Replace(ref hidden, hidden.IndexPut(other.hidden, rows));
    }

    /// <summary>Drops the columns that only ended rows need, and reserves twice the tokens, so that this is rare.</summary>
    void MakeRoom(IReadOnlyCollection<long> ended, long needed, int tokens)
    {
        var unused = Enumerable.Range(0, Count).Where(row => !ended.Contains(row)).Select(row => paddingColumns[row])
            .DefaultIfEmpty(cache.Length).Min();
        var length = Math.Max(cache.Length - unused, needed);
        paddingColumns = Array.ConvertAll(paddingColumns, columns => Math.Max(0, columns + length - cache.Length));
        cache.Resize(unused, length, length + 2 * tokens);
    }

    /// <summary>
    /// A state of one row, whose prompt begins like the text of a row here: what they share is copied, and only the other tokens are read.
    /// </summary>
    /// <param name="row">The row here.</param>
    /// <param name="shared">How many tokens they share; less than the prompt has.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="maxNewTokens">How many tokens the row reads at most.</param>
    public DecoderState Continue(int row, int shared, int[] prompt, int maxNewTokens) => new(this, row, shared, prompt, maxNewTokens);

    DecoderState(DecoderState source, int row, int shared, int[] prompt, int maxNewTokens)
    {
        model = source.model;
        (prompts, prefixes) = ([prompt], [prompt]);
        room = [RoomAfter(prompt, maxNewTokens)];
        paddingColumns = [0];
        cache = model.Backbone.NewCache(1, prompt.Length + room[0]);
        cache.CopyRow(source.cache, row, source.paddingColumns[row], shared);
        padding = Column(paddingColumns).DetachFromScope();
        positions = Column([prompt.Length]).DetachFromScope();
        hidden = ReadRest(prompt, shared);
    }

    Tensor ReadRest(int[] prompt, int from)
    {
        using var scope = TensorScope.Open();
        long[] rest = [.. prompt.Skip(from).Select(token => (long)token)];
        var input = new ModelInput(
            Tensor.From(rest, 1, rest.Length).To(model.Device),
            Tensor.Ones([1, prompt.Length], DType.Bool, model.Device),
            Tensor.Arange(from, prompt.Length, device: model.Device).Unsqueeze(0));
        var last = model.HiddenStates(input, cache).Select(1, -1).Clone();
        cache.Advance(rest.Length);
        return last.DetachFromScope();
    }

    /// <summary>Reads the next token (B) of each row, without waiting for the device.</summary>
    public void Read(Tensor tokens)
    {
        using var scope = TensorScope.Open();
        var mask = padding.LessOrEqual(Tensor.Arange(0, cache.Length + 1, device: model.Device).Unsqueeze(0));      // (B, columns)
        Replace(ref hidden, model.HiddenStates(new(tokens.Unsqueeze(1), mask, positions), cache).Select(1, 0));
        cache.Advance(1);
        Replace(ref positions, (positions + 1).Clamp(null, model.Backbone.ContextLength - 1));          // of a row that has ended
    }

    public void Dispose()
    {
        cache.Dispose();
        padding.Dispose();
        positions.Dispose();
        hidden.Dispose();
    }

    int RoomAfter(int[] prefix, int maxNewTokens)
    {
        if (prefix.Length == 0)
            throw new InvalidDataException("a prompt is empty; it must have at least one token");
        var tokens = (int)Math.Min(maxNewTokens, model.Backbone.ContextLength - prefix.Length);
        return tokens > 0
            ? tokens
            : throw new InvalidDataException(
                $"a prompt of {prefix.Length} tokens leaves no space for a response in a context of {model.Backbone.ContextLength} tokens; "
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
