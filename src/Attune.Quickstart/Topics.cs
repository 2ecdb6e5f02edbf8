
namespace Attune.Quickstart;

/// <summary>One topic of <c>topics.json</c>: the phrases that show it in a prompt, and in an answer (where absent, the same).</summary>
sealed record Topic(string Id, string[] Prompt, string[]? Answer);

/// <summary>Tells what a text is about: each phrase of a topic counts as many points as it has words.</summary>
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

    /// <summary>The topics that a prompt shows most, none where it shows none.</summary>
    public HashSet<string> FindIn(ParsedText prompt)
    {
        var points = Points(inPrompts, prompt);
        return [.. points.Where(p => p.Value.Count == points.Values.Max(v => v.Count)).Select(p => topics[p.Key].Id)];
    }

    /// <summary>
    /// True where an answer speaks of one of the <paramref name="wanted"/> topics, more than of any other (or as much, and first),
    /// and of at most two others: naming everything in the house is no answer.
    /// </summary>
    public bool Meets(HashSet<string> wanted, ParsedText answer)
    {
        var points = Points(inAnswers, answer);
        var own = points.Where(p => wanted.Contains(topics[p.Key].Id)).Select(p => p.Value).DefaultIfEmpty().MaxBy(p => p.Count);
        var others = points.Where(p => !wanted.Contains(topics[p.Key].Id)).Select(p => p.Value).ToList();
        return own.Count > 0 && others.Count <= 2
            && others.All(other => own.Count > other.Count || own.Count == other.Count && own.First < other.First);
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
