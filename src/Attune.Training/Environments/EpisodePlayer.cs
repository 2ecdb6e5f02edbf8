using Attune.Data;
using Attune.Generation;
using Attune.Text;
using Attune.Torch;
using Attune.Torch.Distributed;
using Attune.Training.Policies;

namespace Attune.Training.Environments;

/// <summary>
/// Plays episodes: the policy samples a turn, the environment replies, until it ends the episode or a limit is reached. The tokens of turns
/// are kept as they were sampled and never encoded again; those of replies follow them. A turn that is cut off at its maximum length ends
/// its episode.
/// </summary>
/// <param name="environment">Replies to turns; disposed of with the player.</param>
/// <param name="replies">Encodes replies.</param>
/// <param name="options">Limits of an episode.</param>
/// <param name="cancellation">Ends requests to the environment.</param>
public sealed class EpisodePlayer(
    IEnvironment environment, ReplyEncoder replies, EpisodeOptions options, CancellationToken cancellation = default)
    : IEpisodes, IDisposable
{
    readonly Lock replying = new();

    /// <inheritdoc/>
    public IReadOnlyList<Response> Play(
        IReadOnlyList<TokenPrompt> prompts, ITextGenerator generator, SamplingOptions sampling, RandomSource random, int samples)
    {
        Playing[] all = [.. prompts.SelectMany(prompt => Enumerable.Repeat(prompt, samples)).Zip(Seeds(), NewPlaying)];
        var live = all;
        for (var turn = 1; live.Length > 0; turn++)
        {
            var sampled = turn == 1
                ? generator.Generate([.. prompts.Select(prompt => prompt.Tokens)], sampling, random, samples, cancellation)
                : generator.Generate(Array.ConvertAll(live, episode => episode.TokensSoFar), sampling, random, cancellation: cancellation);
            foreach (var (episode, response) in live.Zip(sampled))
                episode.Take(response, replies.TurnOf(response));
            live = Array.FindAll(live, episode => episode.TurnEnded);
            foreach (var (episode, reply) in live.Zip(Reply(live)))
            {
                var continues = turn < options.MaxTurns && !reply.Ends;
                episode.Take(reply, continues ? replies.Encode(episode.Episode.Prompt, episode.Last, reply) : null);
            }
            live = Array.FindAll(live, episode =>
                episode.MayContinue && episode.Length + sampling.MaxNewTokens <= options.MaxTokens);
            Array.ForEach(live, episode => episode.AppendReply());
        }
        return Array.ConvertAll(all, episode => episode.ToResponse());

        ulong[] Seeds()
        {
            var numbers = Tensor.Uniform([prompts.Count * samples], random, DType.Float64).ToArray<double>();
            return Array.ConvertAll(numbers, number => (ulong)(number * (1UL << 53)));
        }
    }

    public void Dispose() => environment.Dispose();

    static Playing NewPlaying(TokenPrompt prompt, ulong seed) => new(new(prompt, seed));

    IReadOnlyList<Reply> Reply(Playing[] live)
    {
        if (live.Length == 0)
            return [];
        Episode[] episodes = Array.ConvertAll(live, episode => episode.Episode);
        lock (replying)
        {
            var found = Ranks.Once(() => Guard(() =>
                environment.ReplyAsync(episodes, cancellation).WaitAsync(cancellation).GetAwaiter().GetResult()));
            return found.Count == episodes.Length
                ? found
                : throw new InvalidDataException(
                    $"the environment gave {Quantity.Of(found.Count, "reply", "replies")} to {Quantity.Of(episodes.Length, "episode")}");
        }
    }

    static IReadOnlyList<Reply> Guard(Func<IReadOnlyList<Reply>> reply)
    {
        try
        {
            return reply() is { } found && found.All(one => one is not null)
                ? found
                : throw new InvalidDataException("the environment gave null instead of a reply");
        }
        catch (Exception error) when (error is not (InvalidDataException or OperationCanceledException or OutOfMemoryException))
        {
            throw new InvalidDataException($"the environment failed: {error.GetType().Name}: {error.Message}", error);
        }
    }

    /// <summary>An episode that is played, with its tokens.</summary>
    sealed class Playing(Episode episode)
    {
        readonly List<int> tokens = [];
        readonly List<float> logprobs = [];
        readonly List<float> values = [];
        readonly List<bool> sampled = [];
        int[]? reply;
        bool hasValues;
        int weightVersion = int.MaxValue;

        public Episode Episode => episode;

        /// <summary>The tokens of the prompt, the turns and the replies.</summary>
        public int[] TokensSoFar => [.. episode.Prompt.Tokens, .. tokens];

        /// <summary>How many tokens the episode has with the reply that is to be appended.</summary>
        public int Length => tokens.Count + (reply?.Length ?? 0);

        /// <summary>The last turn.</summary>
        public Response Last { get; private set; } = null!;

        public bool TurnEnded => Last.Ended;

        public bool MayContinue => reply is not null;

        public void Take(Response response, Turn turn)
        {
            Last = response;
            reply = null;
            hasValues = response.Values.Length == response.Tokens.Length;
            weightVersion = Math.Min(weightVersion, response.WeightVersion);
            Append(response.Tokens, response.Logprobs, response.Values, isSampled: true);
            episode.Add(turn);
        }

        /// <param name="found">The reply to the last turn.</param>
        /// <param name="encoded">Its tokens; null where the episode ends here.</param>
        public void Take(Reply found, int[]? encoded)
        {
            episode.Add(found);
            reply = encoded;
        }

        public void AppendReply() => Append(reply!, new float[reply!.Length], hasValues ? new float[reply.Length] : [], isSampled: false);

        public EpisodeResponse ToResponse() =>
            new([.. tokens], [.. logprobs], [.. values], episode.Turns[^1].Reply is { Ends: true }, episode.Turns)
            {
                Sampled = sampled.Contains(false) ? [.. sampled] : null,
                StopString = Last.StopString,
                WeightVersion = weightVersion,
            };

        void Append(int[] newTokens, float[] newLogprobs, float[] newValues, bool isSampled)
        {
            tokens.AddRange(newTokens);
            logprobs.AddRange(newLogprobs);
            values.AddRange(newValues);
            sampled.AddRange(Enumerable.Repeat(isSampled, newTokens.Length));
        }
    }
}
