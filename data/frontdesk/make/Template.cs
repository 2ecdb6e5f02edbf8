using System.Text.RegularExpressions;

namespace Attune.FrontDesk;

/// <summary>What is chosen once for a text, where names are looked up (the last first), and which lines are used up.</summary>
sealed record Context(Dictionary<string, string> Chosen, List<Lines> Scopes, HashSet<string> Used)
{
    public List<string>? Find(string name) =>
        Scopes.AsEnumerable().Reverse().Select(scope => scope.GetValueOrDefault(name)).FirstOrDefault(list => list is not null);

    /// <summary>The desk repeats the guest's words: "my suit" becomes "your suit".</summary>
    public string Turned(string offer) => offer.Replace("{it}", Regex.Replace(
        Chosen["it"],
        @"\b(my|our|ours|me|us|we|I)\b",
        match => match.Value switch { "my" or "our" => "your", "ours" => "yours", _ => "you" }));
}

/// <summary>Fills patterns: {name} stands for one of the lines under that key, {a|b} for one of the two.</summary>
/// <param name="once">Lines of which a text uses the same one wherever it names their key.</param>
/// <param name="random">Chooses.</param>
sealed partial class Template(Lines once, Random random)
{
    public string Fill(string pattern, Context context) => Tidy(FillUntidily(pattern, context));

    /// <summary>Without mending spaces and capitals: for a part of a text.</summary>
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
