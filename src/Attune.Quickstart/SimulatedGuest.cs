using System.Text.Json;

namespace Attune.Quickstart;

/// <summary>
/// A simulated guest of a small hotel, who stands in for the people that rank answers: a documented taste over the words and the
/// structure of a text (<see cref="Judge"/>), and rankings with noise as people's have (<see cref="Rank"/>). It reads text and
/// never sees a model. The taste and its lists are described in <c>data/frontdesk/README.md</c>.
/// </summary>
public sealed class SimulatedGuest
{
    /// <summary>An answer longer than this many words begins to ramble; one and a half times as long, it rambles wholly.</summary>
    public const int LongestAnswer = 40;

    /// <summary>
    /// Scale of the noise in points of <see cref="Judgement.Score"/>: of two answers, the one better by d points is ranked
    /// first with probability 1 / (1 + exp(−d / Temperature)), as in the model of Bradley and Terry.
    /// </summary>
    public const double Temperature = 0.6;

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
    /// <exception cref="InvalidDataException">A file is absent or not what it should be.</exception>
    public static SimulatedGuest Load(string folder) => new(
        new Topics(ReadJson<Topic[]>(Path.Combine(folder, "topics.json"))),
        ReadJson<Taste>(Path.Combine(folder, "taste.json")),
        ReadText(Path.Combine(folder, "words.txt")).Split('\n', StringSplitOptions.RemoveEmptyEntries));

    /// <summary>The topics that the guest sees in a prompt: one, rarely two, none where it is about something else.</summary>
    public IReadOnlyCollection<string> TopicsOf(string prompt) => topics.FindIn(Request(prompt));

    /// <summary>The taste without noise. <paramref name="prompt"/> may carry the marks "Guest:" and "Desk:". Takes any text.</summary>
    public Judgement Judge(string prompt, string answer)
    {
        var (request, reply) = (Request(prompt), new ParsedText(answer));
        if (reply.Words.Count == 0)
            return Judgement.Nothing;
        var onTopic = OnTopic(request, reply);
        return new Judgement(
            Polite: courtesy.In(reply) ? 1 : 0,
            OnTopic: onTopic,
            Helpful: Helpful(reply) * (onTopic > 0 ? 1 : 0.4),
            NotRude: rude.In(reply) ? 0 : 1,
            Complete: IsComplete(reply) ? 1 : 0,
            NotRambling: NotRambling(reply));
    }

    /// <summary>
    /// Ranks answers as one annotator would, 0 the best: scores plus Gumbel noise of scale <see cref="Temperature"/>, which is the
    /// choice model of Plackett and Luce. The same answer twice is a tie; the ranks are dense (0, 1, 1, 2).
    /// </summary>
    public int[] Rank(string prompt, IReadOnlyList<string> answers, Random random)
    {
        var felt = answers.Select(answer => answer.Trim()).Distinct()
            .ToDictionary(answer => answer, answer => Judge(prompt, answer).Score + Temperature * Gumbel(random));
        var order = felt.OrderByDescending(pair => pair.Value).Select(pair => pair.Key).ToList();
        return [.. answers.Select(answer => order.IndexOf(answer.Trim()))];
    }

    /// <summary>
    /// The share of pairs of <paramref name="answers"/> that one noisy ranking is expected to order as the taste without noise does,
    /// where pairs of equal score count half: the accuracy that no reward model can pass on such rankings, however good.
    /// </summary>
    public double NoisyAgreement(string prompt, IReadOnlyList<string> answers) => MeanOverPairs(prompt, answers, p => p);

    /// <summary>The share of pairs that two noisy rankings are expected to order alike.</summary>
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

    /// <summary>0, or 0.7 on the topic and up to 1 as more of the request is taken up: three of its words that say something.</summary>
    double OnTopic(ParsedText request, ParsedText reply)
    {
        var said = request.Words.Where(word => !plain.Contains(word) && !char.IsDigit(word[0])).ToHashSet();
        var takenUp = said.Count(reply.Words.Contains);
        var wanted = topics.FindIn(request);
        if (wanted.Count == 0 ? takenUp < 2 : !topics.Meets(wanted, reply))
            return 0;
        return 0.7 + 0.3 * Math.Min(1, takenUp / Math.Clamp(said.Count, 1.0, 3.0));
    }

    double Helpful(ParsedText reply)
    {
        if (refusals.In(reply) || !(MakesAnOffer(reply) || statements.In(reply)))
            return 0;
        return concrete.In(reply) || reply.Words.Any(word => char.IsDigit(word[0])) ? 1 : 0.5;
    }

    bool MakesAnOffer(ParsedText reply) => promises.Find(reply)
        .Any(p => Enumerable.Range(p.At + p.Length, 3).Any(at => deeds.LengthAt(reply.Words, at) > 0));

    bool IsComplete(ParsedText reply)
    {
        var unknown = reply.Words.Count(word => !char.IsDigit(word[0]) && !knownWords.Contains(word));
        return reply.EndsAsSentence
            && !dangling.Contains(reply.Words[^1])
            && reply.Words.Count >= FewestWords
            && unknown <= UnknownWordsAllowed * reply.Words.Count;
    }

    static double NotRambling(ParsedText reply)
    {
        var count = reply.Words.Count;
        if (reply.RunsOn || reply.Stutters || reply.Repeats(4))
            return 0;
        return Math.Clamp((1.5 * LongestAnswer - count) / (0.5 * LongestAnswer), 0, 1);
    }

    static ParsedText Request(string? prompt) =>
        new((prompt ?? "").Replace("Guest:", "", StringComparison.Ordinal).Replace("Desk:", "", StringComparison.Ordinal));

    static double Gumbel(Random random) => -Math.Log(-Math.Log(Math.Max(random.NextDouble(), double.Epsilon)));

    static T ReadJson<T>(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(ReadText(path), JsonSerializerOptions.Web)
                ?? throw new InvalidDataException($"{path}: expected a value, found null");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    static string ReadText(string path) =>
        File.Exists(path) ? File.ReadAllText(path) : throw new InvalidDataException($"{path}: not there; the simulated guest reads it");
}
