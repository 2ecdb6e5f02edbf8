using Attune.Models;
using Attune.Models.Adapters;
using Attune.Torch;

namespace Attune.Generation;

/// <summary>A second language model that reads the responses of a batch of generation token by token, with a cache of its own.</summary>
sealed class SecondModel : IDisposable
{
    readonly bool adapterOff;
    readonly DecoderState state;
    bool hasReadPromptsOnly = true;

    /// <summary>Reads the prompts.</summary>
    /// <param name="model">The model.</param>
    /// <param name="rows">The prompts, with empty responses.</param>
    /// <param name="padId">Pads prompts on the left.</param>
    /// <param name="maxNewTokens">The maximum length of a response.</param>
    /// <param name="adapterOff">Whether it reads with its adapter switched off.</param>
    public SecondModel(LanguageModel model, IReadOnlyList<TokenHistory> rows, int padId, int maxNewTokens, bool adapterOff = false)
    {
        this.adapterOff = adapterOff;
        using var off = Lora.Disable(adapterOff);
        state = new(model, [.. rows.Select(row => (int[])[.. row.Source])], padId, maxNewTokens);
    }

    /// <summary>(B, V) logits of the next tokens; reads the tokens that were sampled since the last call.</summary>
    public Tensor Logits(LogitsContext context)
    {
        using var off = Lora.Disable(adapterOff);
        if (!hasReadPromptsOnly)
            state.Read(Tensor.From(context.Rows.Select(row => (long)row.Text[^1]).ToArray(), context.Rows.Count)
                .To(state.Hidden.Device));
        hasReadPromptsOnly = false;
        return state.Logits();
    }

    /// <inheritdoc cref="ILogitsFilter.Select"/>
    public void Select(long[] rows) => state.Select(rows);

    public void Dispose() => state.Dispose();
}
