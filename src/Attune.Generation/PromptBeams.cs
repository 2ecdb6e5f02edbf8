namespace Attune.Generation;

/// <summary>The beams of one prompt and the answers they have come to. Scores are float32, impossible ones −10⁹.</summary>
sealed class PromptBeams
{
    const float Impossible = -1e9f;

    readonly BeamOptions options;
    readonly int room;
    readonly IReadOnlyList<int> eosIds;
    List<BeamResponse> answers = [];
    int length;

    /// <param name="beginning">What each beam holds before its answer.</param>
    /// <param name="options">Beams and scores.</param>
    /// <param name="room">The most tokens of an answer.</param>
    /// <param name="eosIds">Any of these ends an answer.</param>
    public PromptBeams(TokenHistory beginning, BeamOptions options, int room, IReadOnlyList<int> eosIds)
    {
        (this.options, this.room, this.eosIds) = (options, room, eosIds);
        Running = [.. Enumerable.Range(0, options.Beams).Select(beam => new Beam(beginning, beam == 0 ? 0 : Impossible, beam))];
    }

    /// <summary>A beginning of an answer.</summary>
    /// <param name="History">What it holds.</param>
    /// <param name="Score">Its log-probability.</param>
    /// <param name="Parent">Which of the beams before it goes on from.</param>
    public sealed record Beam(TokenHistory History, float Score, long Parent);

    /// <summary>A beam that goes on with a token.</summary>
    public readonly record struct Candidate(float Score, long Beam, int Token);

    /// <summary>The beams, the likeliest first.</summary>
    public IReadOnlyList<Beam> Running { get; private set; }

    /// <summary>Whether no further token can change the answers.</summary>
    public bool Done { get; private set; }

    public IEnumerable<BeamResponse> Answers => answers.Take(options.Answers);

    /// <summary>Goes on by one token, given the likeliest candidates in order.</summary>
    public void Advance(Candidate[] candidates)
    {
        length++;
        var ended = Array.ConvertAll(candidates, candidate => length == room || eosIds.Contains(candidate.Token));
        answers = [.. answers
            .Concat(candidates.Take(options.Beams).Where((_, i) => ended[i]).Select(Answer))
            .OrderByDescending(answer => answer.Score).Take(options.Beams)];
        Running = [.. candidates.Select((candidate, i) => ended[i] ? candidate with { Score = candidate.Score + Impossible } : candidate)
            .OrderByDescending(candidate => candidate.Score).Take(options.Beams)
            .Select(candidate => new Beam(Running[(int)candidate.Beam].History.With(candidate.Token), candidate.Score, candidate.Beam))];
        Done = length == room || (answers.Count == options.Beams && (options.EarlyStopping == EarlyStopping.True || !CanImprove()));
    }

    BeamResponse Answer(Candidate candidate) =>
        new([.. Running[(int)candidate.Beam].History.Response, candidate.Token], Normalized(candidate.Score, length));

    bool CanImprove()
    {
        var best = options.EarlyStopping == EarlyStopping.Never && options.LengthPenalty > 0 ? room : length;
        return Normalized(Running[0].Score, best) > answers[^1].Score;
    }

    float Normalized(float score, int tokens) => score / (float)Math.Pow(tokens, options.LengthPenalty);
}
