using Attune.Data;
using Attune.Torch;
using Attune.Training.Rewards;

namespace Attune;

/// <summary>A reward model from a folder, or several as an ensemble: it gives a response to a prompt a score.</summary>
public sealed class ScoreModel
{
    /// <summary>A reward model uses all processors: they take turns.</summary>
    static readonly SemaphoreSlim Turn = new(1);

    readonly RewardScorer scorer;

    ScoreModel(RewardScorer scorer) => this.scorer = scorer;

    /// <summary>Reads the reward model in a folder.</summary>
    /// <param name="folder">A folder with a reward model.</param>
    /// <param name="device">auto (CUDA where there is one), cpu, cuda or cuda:N.</param>
    /// <exception cref="InvalidDataException">The folder holds no reward model.</exception>
    /// <exception cref="DllNotFoundException">The native library or libtorch is missing; the message says what to install.</exception>
    public static ScoreModel Load(string folder, string device = "auto") => Load([folder], new(), device);

    /// <summary>Reads several reward models, which give one score together.</summary>
    /// <param name="folders">Folders with reward models.</param>
    /// <param name="ensemble">How their scores become one.</param>
    /// <param name="device">auto (CUDA where there is one), cpu, cuda or cuda:N.</param>
    /// <exception cref="InvalidDataException">A folder holds no reward model, or the options are wrong.</exception>
    /// <exception cref="DllNotFoundException">The native library or libtorch is missing; the message says what to install.</exception>
    public static ScoreModel Load(IReadOnlyList<string> folders, EnsembleOptions ensemble, string device = "auto")
    {
        TorchLibrary.Load();
        return new(RewardScorer.Load(folders, Device.Parse(device), DType.Float32, ensemble));
    }

    /// <summary>The score of a response; higher is better.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="response">The response to it.</param>
    public double Score(string prompt, string response) => Score([(prompt, response)])[0];

    /// <summary>The scores of several responses, in their order.</summary>
    /// <param name="texts">Prompts with responses.</param>
    public IReadOnlyList<double> Score(IReadOnlyList<(string Prompt, string Response)> texts) =>
        [.. scorer.Score([.. texts.Select(AsExample)]).Select(found => found[0].Score)];

    /// <summary>The same on another thread; calls of several threads take turns.</summary>
    /// <param name="texts">Prompts with responses.</param>
    /// <param name="cancellationToken">Stops waiting for a turn.</param>
    public async Task<IReadOnlyList<double>> ScoreAsync(
        IReadOnlyList<(string Prompt, string Response)> texts, CancellationToken cancellationToken = default)
    {
        await Turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(() => Score(texts), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Turn.Release();
        }
    }

    static Demonstration AsExample((string Prompt, string Response) text) => new(new("the text", 1), text.Prompt, text.Response);
}
