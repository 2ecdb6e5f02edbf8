using System.Text.RegularExpressions;

namespace Attune.FrontDesk;

/// <summary>Values that are chosen once for a text, the scopes of names (the last first), and the lines already used.</summary>
sealed record Context(Dictionary<string, string> Chosen, List<Lines> Scopes, HashSet<string> Used)
{
    public List<string>? Find(string name) =>
        Scopes.AsEnumerable().Reverse().Select(scope => scope.GetValueOrDefault(name)).FirstOrDefault(list => list is not null);

    /// <summary>Changes the guest's words to the desk's view: "my suit" becomes "your suit".</summary>
    public string Turned(string offer) => offer.Replace("{it}", Regex.Replace(
        Chosen["it"],
        @"\b(my|our|ours|me|us|we|I)\b",
        match => match.Value switch { "my" or "our" => "your", "ours" => "yours", _ => "you" }));
}

/// <summary>Fills patterns: {name} is replaced by one of the lines of that key, {a|b} by one of the two.</summary>
/// <param name="once">Keys for which a text uses the same line everywhere.</param>
/// <param name="random">Chooses lines.</param>
sealed partial class Template(Lines once, Random random)
{
    public string Fill(string pattern, Context context) => Tidy(FillUntidily(pattern, context));

    /// <summary>Fills a part of a text, without fixing spaces and capitals.</summary>
    public string FillUntidily(string pattern, Context context) =>
        Names().Replace(pattern, match => Choose(match.Groups[1].Value, context));

    public bool CanFill(string pattern, Context context) =>
        Names().Matches(pattern).Select(match => match.Groups[1].Value).All(name =>
            name.Contains('|') || once.ContainsKey(name) || context.Find(name) is not null);

    string Choose(string name, Context context)
    {
        if (context.Chosen.TryGetValue(name, out var chosen))
            return chosen;
        if (name.Contains('|'))
            return random.Pick(name.Split('|'));
        if (once.TryGetValue(name, out var fixedLines))
            return context.Chosen[name] = random.Pick(fixedLines);
        var lines = context.Find(name) ?? throw new InvalidDataException($"no lines for {{{name}}}");
        var fresh = lines.Where(line => line.Length == 0 || !context.Used.Contains(line)).ToList();
        var line = random.Pick(fresh.Count > 0 ? fresh : lines);
        context.Used.Add(line);
        return FillUntidily(name == "offer" ? context.Turned(line) : line, context);
    }

    static string Tidy(string text) =>
        SentenceStarts().Replace(Regex.Replace(text, " +", " ").Trim(), match => match.Value.ToUpperInvariant());

    [GeneratedRegex(@"\{([^{}]+)\}")]
    private static partial Regex Names();

    [GeneratedRegex(@"(?:^|[.!?] )[a-z]")]
    private static partial Regex SentenceStarts();
}

static class RandomPick
{
    extension(Random random)
    {
        public T Pick<T>(IReadOnlyList<T> list) => list[random.Next(list.Count)];
    }
}
