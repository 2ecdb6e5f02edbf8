
namespace Attune.Quickstart;

/// <summary>One topic of <c>topics.json</c>: its phrases in a prompt, and those in a response (null for the same).</summary>
sealed record Topic(string Id, string[] Prompt, string[]? Answer);

/// <summary>Finds the topics of a text: a phrase of a topic scores as many points as it has words.</summary>
sealed class Topics
{
    readonly Topic[] topics;
    readonly Phrases inPrompts;
    readonly Phrases inAnswers;

    public Topics(Topic[] topics)
    {
        this.topics = topics;
        inPrompts = Index(topic => topic.Prompt);
        inAnswers = Index(topic => topic.Answer ?? topic.Prompt);
    }

    /// <summary>The topics of a prompt with the most points; none where no phrase occurs.</summary>
    public HashSet<string> FindIn(ParsedText prompt)
    {
        var points = Points(inPrompts, prompt);
        return [.. points.Where(p => p.Value.Count == points.Values.Max(v => v.Count)).Select(p => topics[p.Key].Id)];
    }

    /// <summary>
    /// Whether one of the <paramref name="wanted"/> topics has more points in a response than any other topic (or as many, and occurs
    /// first),
    /// and the response has at most two other topics: listing everything is not an answer.
    /// </summary>
    public bool Meets(HashSet<string> wanted, ParsedText answer)
    {
        var points = Points(inAnswers, answer);
        var best = points.Where(p => wanted.Contains(topics[p.Key].Id)).Select(p => p.Value).DefaultIfEmpty().MaxBy(p => p.Count);
        var others = points.Where(p => !wanted.Contains(topics[p.Key].Id)).Select(p => p.Value).ToList();
        return best.Count > 0 && others.Count <= 2
            && others.All(other => best.Count > other.Count || best.Count == other.Count && best.First < other.First);
    }

    Phrases Index(Func<Topic, string[]> phrases) =>
        new(topics.SelectMany((topic, label) => phrases(topic).Select(phrase => (phrase, label))));

    static Dictionary<int, (int Count, int First)> Points(Phrases phrases, ParsedText text)
    {
        var points = new Dictionary<int, (int Count, int First)>();
        foreach (var (label, at, length) in phrases.Find(text))
        {
            var (count, first) = points.GetValueOrDefault(label, (0, at));
            points[label] = (count + length, first);
        }
        return points;
    }
}
