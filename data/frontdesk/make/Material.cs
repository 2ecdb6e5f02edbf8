using System.Text.RegularExpressions;

namespace Attune.FrontDesk;

enum Wordings
{
    Training,
    HeldOut,
}

/// <summary>Lines by key; a key may have many lines. Alternatives in a line, "a | b", are separate lines.</summary>
sealed class Lines : Dictionary<string, List<string>>
{
    public Lines Add(string key, string text)
    {
        if (!TryGetValue(key, out var list))
            this[key] = list = [];
        list.AddRange(text.Split(" | ").Select(part => part == "-" ? "" : part));
        return this;
    }
}

sealed record Topic(string Id, Lines Lines);

sealed record Situation(Topic Topic, string Id, Lines Lines);

/// <summary>A situation with one of its details; combinations are split into training and held-out.</summary>
sealed record Combination(Situation Situation, string Detail)
{
    public static readonly string[] Kinds = ["bring", "want", "act", "problem", "ask", "tell"];

    public IEnumerable<(string Kind, string Text)> Messages() =>
        from kind in Kinds
        from line in Situation.Lines.GetValueOrDefault(kind, [])
        select (kind, line);

    public IEnumerable<string> Wordings() => Messages().Select(message => message.Text.Replace("{it}", Detail));
}

/// <summary>The hand-written lines.</summary>
sealed class Material
{
    readonly List<string> texts = [];

    public Material(string folder)
    {
        foreach (var path in Directory.EnumerateFiles(folder, "*.txt", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            Read(path, Path.GetFileName(path) switch
            {
                "lists.txt" => Fixed,
                "guests-heldout.txt" => HeldOutWordings,
                _ => Common,
            });
        foreach (var key in Combination.Kinds)
            if (Common.Remove(key, out var lines))
                TrainingWordings[key] = lines;
        foreach (var wordings in new[] { TrainingWordings, HeldOutWordings })
            foreach (var line in wordings["want"].ToList())
                wordings.Add("bring", line);
    }

    public Lines Fixed { get; } = [];

    public Lines Common { get; } = [];

    public Lines TrainingWordings { get; } = [];

    public Lines HeldOutWordings { get; } = [];

    public List<Topic> Topics { get; } = [];

    public List<Combination> Combinations { get; } = [];

    public List<string> Words() => [.. texts.SelectMany(WordsOf).Distinct().Order(StringComparer.Ordinal)];

    public bool SaidElsewhere(Combination combination) => WordsOf(combination.Detail).All(word => Said[word] > 1);

    Dictionary<string, int> Said => field ??= texts.SelectMany(WordsOf).CountBy(word => word).ToDictionary();

    static IEnumerable<string> WordsOf(string text) =>
        Regex.Matches(Regex.Replace(text, @"\{[\w-]+\}", " ").ToLowerInvariant(), @"[a-z]+(?:'[a-z]+)?").Select(m => m.Value);

    void Read(string path, Lines common)
    {
        Topic? topic = null;
        Situation? situation = null;
        foreach (var line in File.ReadLines(path).Where(line => line.Length > 0 && line[0] != '#').Append("situation end"))
        {
            if (line.StartsWith("topic ") || line.StartsWith("situation "))
            {
                if (situation is not null)
                    AddCombinations(situation);
                var id = line[(line.IndexOf(' ') + 1)..];
                situation = null;
                if (line.StartsWith("topic "))
                    Topics.Add(topic = new Topic(id, []));
                else if (topic is not null && id != "end")
                    situation = new Situation(topic, id, []);
                continue;
            }
            var colon = line.IndexOf(": ");
            if (colon < 0)
                throw new InvalidDataException($"{path}: no key in \"{line}\"");
            texts.Add(line[(colon + 2)..]);
            (situation?.Lines ?? topic?.Lines ?? common).Add(line[..colon], line[(colon + 2)..]);
        }
    }

    void AddCombinations(Situation situation)
    {
        var all = situation.Lines["it"].Select(detail => new Combination(situation, detail)).ToList();
        if (all[0].Messages().FirstOrDefault(message => !message.Text.Contains("{it}")) is { Text: not null } vague)
            throw new InvalidDataException($"{situation.Topic.Id}/{situation.Id}: \"{vague.Text}\" does not say {{it}}");
        Combinations.AddRange(all);
    }
}
