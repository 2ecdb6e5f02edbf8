namespace Attune.Generation;

/// <summary>The beams of one prompt and the responses found so far. Scores are float32; impossible beams have −10⁹.</summary>
sealed class PromptBeams
{
    const float Impossible = -1e9f;

    readonly BeamOptions options;
    readonly int maxLength;
    readonly IReadOnlyList<int> eosIds;
    List<BeamResponse> responses = [];
    int length;

    /// <param name="prefix">The history of each beam before its response.</param>
    /// <param name="options">Settings of the search.</param>
    /// <param name="maxLength">The maximum length of a response.</param>
    /// <param name="eosIds">Tokens that end a response.</param>
    public PromptBeams(TokenHistory prefix, BeamOptions options, int maxLength, IReadOnlyList<int> eosIds)
    {
        (this.options, this.maxLength, this.eosIds) = (options, maxLength, eosIds);
        Running = [.. Enumerable.Range(0, options.Beams).Select(beam => new Beam(prefix, beam == 0 ? 0 : Impossible, beam))];
    }

    /// <summary>A partial response.</summary>
    /// <param name="History">The prompt and the partial response.</param>
    /// <param name="Score">The log-probability of the partial response.</param>
    /// <param name="Parent">The index of the previous beam that it continues.</param>
    public sealed record Beam(TokenHistory History, float Score, long Parent);

    /// <summary>A beam with a possible next token.</summary>
    public readonly record struct Candidate(float Score, long Beam, int Token);

    /// <summary>The beams, the most likely first.</summary>
    public IReadOnlyList<Beam> Running { get; private set; }

    /// <summary>Whether no further token can change the responses.</summary>
    public bool Done { get; private set; }

    public IEnumerable<BeamResponse> Answers => responses.Take(options.Answers);

    /// <summary>Appends one token to each beam, given the most likely candidates in order.</summary>
    public void Advance(Candidate[] candidates)
    {
        length++;
        var ended = Array.ConvertAll(candidates, candidate => length == maxLength || eosIds.Contains(candidate.Token));
        responses = [.. responses
            .Concat(candidates.Take(options.Beams).Where((_, i) => ended[i]).Select(ToResponse))
            .OrderByDescending(response => response.Score).Take(options.Beams)];
        Running = [.. candidates.Select((candidate, i) => ended[i] ? candidate with { Score = candidate.Score + Impossible } : candidate)
            .OrderByDescending(candidate => candidate.Score).Take(options.Beams)
            .Select(candidate => new Beam(Running[(int)candidate.Beam].History.With(candidate.Token), candidate.Score, candidate.Beam))];
        Done = length == maxLength || (responses.Count == options.Beams && (options.EarlyStopping == EarlyStopping.True || !CanImprove()));
    }

    BeamResponse ToResponse(Candidate candidate) =>
        new([.. Running[(int)candidate.Beam].History.Response, candidate.Token], Normalized(candidate.Score, length));

    bool CanImprove()
    {
        var best = options.EarlyStopping == EarlyStopping.Never && options.LengthPenalty > 0 ? maxLength : length;
        return Normalized(Running[0].Score, best) > responses[^1].Score;
    }

    float Normalized(float score, int tokens) => score / (float)Math.Pow(tokens, options.LengthPenalty);
}
