using Attune.Data;
using Attune.Generation;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Parameters;
using Attune.Training.Policies;

namespace Attune.Training.Evaluation;

/// <summary>
/// How likely responses are under a language model, given their prompts. Responses of a policy with other tokens are encoded again; the
/// end-of-sequence token counts where a response ended.
/// </summary>
public sealed class Perplexity
{
    static readonly Origin ThePrompt = new("the prompt", 1);

    readonly Policy languageModel;
    readonly TextEncoder encoder;
    readonly Device device;

    /// <param name="folder">A language model's folder.</param>
    /// <param name="device">The device that it computes on.</param>
    /// <exception cref="InvalidDataException">The folder has no language model that can generate text.</exception>
    public Perplexity(string folder, Device device)
    {
        var (model, tokenizer) = (ModelFolder.LoadLanguageModel(folder, device), ModelFolder.LoadTokenizer(folder));
        (languageModel, encoder, this.device) = (new(model, tokenizer, new()), tokenizer.NewEncoder(model.Backbone), device);
    }

    /// <summary>−log of the probability of each response, and the tokens that it has in the language model.</summary>
    /// <param name="rollouts">The responses.</param>
    /// <param name="tokenizer">Their tokenizer.</param>
    public IReadOnlyList<(double Loss, int Tokens)> Measure(Rollouts rollouts, Tokenizer tokenizer)
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        var read = languageModel.Tokenizer.HasSameTokensAs(tokenizer) ? rollouts : Encode(rollouts, tokenizer);
        var logprobs = languageModel.SequenceLogprobs(read).ToArray<float>();
        return [.. logprobs.Zip(read.Tokens, (logprob, tokens) => (-(double)logprob, tokens.Length))];
    }

    Rollouts Encode(Rollouts rollouts, Tokenizer tokenizer)
    {
        var room = (int)languageModel.Model.Backbone.ContextLength / 2;
        return Rollouts.From(
            [.. rollouts.Prompts.Select(prompt => encoder.EncodePrompt(ThePrompt, prompt.Text, room)!)],
            [.. rollouts.Completions.Select(response => Encode(tokenizer.TextOf(response), response.Ended, room))], device);
    }

    Response Encode(string text, bool ended, int room)
    {
        int[] end = ended && languageModel.Tokenizer.EosId is { } eos ? [eos] : [];
        int[] tokens = [.. languageModel.Tokenizer.Encode(text), .. end];
        int[] read = tokens.Length == 0 ? [languageModel.Tokenizer.FillId] : [.. tokens.Take(room)];
        return new(read, new float[read.Length], [], ended);
    }
}
