using System.Text.Json;
using Attune.Input;

namespace Attune.Quickstart;

/// <summary>
/// A simulated annotator, the guest of a small hotel: a documented score of the words and the structure of a text
/// (<see cref="Judge"/>), and rankings with noise like those of people (<see cref="Rank"/>). It reads texts only, and no model. Its rules
/// and
/// lists are described in <c>data/frontdesk/README.md</c>.
/// </summary>
public sealed class SimulatedGuest
{
    /// <summary>From this number of words <see cref="Judgement.NotRambling"/> decreases, to 0 at one and a half times as many.</summary>
    public const int LongestAnswer = 40;

    /// <summary>
    /// The scale of the noise in points of <see cref="Judgement.Score"/>: of two responses, the one that is better by d points is ranked
    /// first with probability 1 / (1 + exp(−d / Temperature)), as in the Bradley–Terry model.
    /// </summary>
    public const double Temperature = 0.6;

    /// <summary>The score of a response that half of the annotators like.</summary>
    public const double GoodEnough = 9;

    const double UnknownWordsAllowed = 0.05;
    const int FewestWords = 5;

    readonly Topics topics;
    readonly HashSet<string> knownWords;
    readonly Phrases courtesy, rude, refusals, promises, deeds, statements, concrete;
    readonly HashSet<string> dangling, plain;

    SimulatedGuest(Topics topics, Taste taste, IEnumerable<string> knownWords)
    {
        this.topics = topics;
        this.knownWords = [.. knownWords];
        (courtesy, rude, refusals) = (new(taste.Courtesy), new(taste.Rude), new(taste.Refusals));
        (promises, deeds) = (new(taste.Promises), new(taste.Deeds));
        (statements, concrete) = (new(taste.Statements), new(taste.Concrete));
        (dangling, plain) = ([.. taste.Dangling], [.. taste.Plain]);
    }

    /// <summary>Reads topics.json, taste.json and words.txt in <paramref name="folder"/>.</summary>
    /// <exception cref="InvalidDataException">A file is missing or invalid.</exception>
    public static SimulatedGuest Load(string folder) => new(
        new Topics(ReadJson<Topic[]>(Path.Combine(folder, "topics.json"))),
        ReadJson<Taste>(Path.Combine(folder, "taste.json")),
        InputFile.ReadText(Existing(Path.Combine(folder, "words.txt"))).Split('\n', StringSplitOptions.RemoveEmptyEntries));

    /// <summary>The topics of a prompt: one, rarely two, or none where it is about something else.</summary>
    public IReadOnlyCollection<string> TopicsOf(string prompt) => topics.FindIn(Request(prompt));

    /// <summary>
    /// Rates a response without noise. <paramref name="prompt"/> may have the labels "Guest:" and "Desk:". Both may be any text.
    /// </summary>
    public Judgement Judge(string prompt, string answer)
    {
        var (request, response) = (Request(prompt), new ParsedText(answer));
        if (response.Words.Count == 0)
            return Judgement.Nothing;
        var onTopic = OnTopic(request, response);
        return new Judgement(
            Polite: courtesy.In(response) ? 1 : 0,
            OnTopic: onTopic,
            Helpful: Helpful(response) * (onTopic > 0 ? 1 : 0.4),
            NotRude: rude.In(response) ? 0 : 1,
            Complete: IsComplete(response) ? 1 : 0,
            NotRambling: NotRambling(response));
    }

    /// <summary>
    /// Ranks responses as one annotator would, 0 the best: by scores plus Gumbel noise of scale <see cref="Temperature"/>, which is the
    /// Plackett–Luce model. Equal responses are tied; the ranks are dense (0, 1, 1, 2).
    /// </summary>
    public int[] Rank(string prompt, IReadOnlyList<string> answers, Random random)
    {
        var noisyScores = answers.Select(answer => answer.Trim()).Distinct()
            .ToDictionary(answer => answer, answer => Judge(prompt, answer).Score + Temperature * Gumbel(random));
        var order = noisyScores.OrderByDescending(pair => pair.Value).Select(pair => pair.Key).ToList();
        return [.. answers.Select(answer => order.IndexOf(answer.Trim()))];
    }

    /// <summary>
    /// Whether one annotator likes a response by itself: with the noise of <see cref="Rank"/>, its score is above that of a response that
    /// is just good enough, <see cref="GoodEnough"/>.
    /// </summary>
    public bool Likes(string prompt, string answer, Random random) =>
        Judge(prompt, answer).Score + Temperature * (Gumbel(random) - Gumbel(random)) > GoodEnough;

    /// <summary>
    /// The expected share of pairs of <paramref name="answers"/> that a noisy ranking orders like the scores without noise, where pairs of
    /// equal score count half: the highest accuracy that a reward model can reach on such rankings.
    /// </summary>
    public double NoisyAgreement(string prompt, IReadOnlyList<string> answers) => MeanOverPairs(prompt, answers, p => p);

    /// <summary>The expected share of pairs that two noisy rankings order in the same way.</summary>
    public double AnnotatorAgreement(string prompt, IReadOnlyList<string> answers) =>
        MeanOverPairs(prompt, answers, p => p * p + (1 - p) * (1 - p));

    double MeanOverPairs(string prompt, IReadOnlyList<string> answers, Func<double, double> value)
    {
        var scores = answers.Select(answer => answer.Trim()).Distinct().Select(answer => Judge(prompt, answer).Score).ToList();
        var pairs =
            from i in Enumerable.Range(0, scores.Count)
            from j in Enumerable.Range(0, i)
            select value(1 / (1 + Math.Exp(-Math.Abs(scores[i] - scores[j]) / Temperature)));
        return pairs.DefaultIfEmpty(0.5).Average();
    }

    /// <summary>0 off the topic; else 0.7, and up to 1 when the response has three of the request's content words.</summary>
    double OnTopic(ParsedText request, ParsedText response)
    {
        var contentWords = request.Words.Where(word => !plain.Contains(word) && !char.IsDigit(word[0])).ToHashSet();
        var shared = contentWords.Count(response.Words.Contains);
        var requested = topics.FindIn(request);
        if (requested.Count == 0 ? shared < 2 : !topics.Meets(requested, response))
            return 0;
        return 0.7 + 0.3 * Math.Min(1, shared / Math.Clamp(contentWords.Count, 1.0, 3.0));
    }

    double Helpful(ParsedText response)
    {
        if (refusals.In(response) || !(MakesAnOffer(response) || statements.In(response)))
            return 0;
        return concrete.In(response) || response.Words.Any(word => char.IsDigit(word[0])) ? 1 : 0.5;
    }

    bool MakesAnOffer(ParsedText response) => promises.Find(response)
        .Any(p => Enumerable.Range(p.At + p.Length, 3).Any(at => deeds.LengthAt(response.Words, at) > 0));

    bool IsComplete(ParsedText response)
    {
        var unknown = response.Words.Count(word => !char.IsDigit(word[0]) && !knownWords.Contains(word));
        return response.EndsAsSentence
            && !dangling.Contains(response.Words[^1])
            && response.Words.Count >= FewestWords
            && unknown <= UnknownWordsAllowed * response.Words.Count;
    }

    static double NotRambling(ParsedText response)
    {
        var count = response.Words.Count;
        if (response.RunsOn || response.Stutters || response.Repeats(4))
            return 0;
        return Math.Clamp((1.5 * LongestAnswer - count) / (0.5 * LongestAnswer), 0, 1);
    }

    static ParsedText Request(string? prompt) =>
        new((prompt ?? "").Replace("Guest:", "", StringComparison.Ordinal).Replace("Desk:", "", StringComparison.Ordinal));

    static double Gumbel(Random random) => -Math.Log(-Math.Log(Math.Max(random.NextDouble(), double.Epsilon)));

    static T ReadJson<T>(string path) => JsonInput.Read<T>(Existing(path), JsonSerializerOptions.Web);

    static string Existing(string path) => File.Exists(path)
        ? path
        : throw new InvalidDataException($"the file {path}, which the simulated guest needs, does not exist");
}
