#:project ../../src/Attune.Data/Attune.Data.csproj
#:property PublishAot=false
#:property NoWarn=$(NoWarn);MA0047;MA0009

// Writes the data of the hotel front desk out of the hand-written lines in material/, always the same bytes:
//     dotnet run data/frontdesk/make.cs              writes the files and says what is in them
//     dotnet run data/frontdesk/make.cs -- 20        and shows 20 of each kind to read, and what was dropped
// README.md beside this file describes the result.

using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Attune.Data.Simulation;

var folder = (string)AppContext.GetData("EntryPointFileDirectoryPath")!;
var toShow = args.Length > 0 ? int.Parse(args[0]) : 0;
var material = new Material(Path.Combine(folder, "material"));
File.WriteAllText(Path.Combine(folder, "words.txt"), string.Join('\n', material.Words()) + "\n");
var guest = SimulatedGuest.Load(folder);
var scribe = new Scribe(material, guest, new Random(20240607));
foreach (var line in scribe.Misunderstood().Distinct())
    Console.WriteLine(line);
var (training, heldOut) = Split(material, new Random(7));
var files = new Files(folder, toShow);

string[] flawsInCorpus = ["rude", "unhelpful", "impolite", "cut", "ramble"];
string[] flaws = [.. flawsInCorpus, "impolite", "off-topic"];
var (shareGood, shareGoodInCorpus) = (0.24, 0.75);

var (agreement, agreementHeldOut) = (new Agreement(), new Agreement());

files.Write("prompts-heldout", 300, () => new { scribe.Message(heldOut, Wordings.HeldOut).Prompt });
files.Write("rankings-heldout", 200, () => Ranking(heldOut, Wordings.HeldOut, agreementHeldOut));
files.Write("demonstrations", 2500, Demonstration);
files.Write("prompts", 3000, () => new { scribe.Message(training, Wordings.Training).Prompt });
files.Write("rankings", 800, () => Ranking(training, Wordings.Training, agreement));
files.Write("corpus", 12000, () => new { Text = scribe.Random.NextDouble() < 0.8 ? Dialogue() : scribe.Paper(training) });
files.Write("situations", material.Combinations.Count, Situations());
Report();

// A fifth of the combinations of those situations that have three or more, if all their words are said elsewhere too.
static (List<Combination> Training, List<Combination> HeldOut) Split(Material material, Random random)
{
    var heldOut = new HashSet<Combination>();
    foreach (var situation in material.Combinations.GroupBy(c => c.Situation))
    {
        var shuffled = situation.OrderBy(_ => random.Next()).ToList();
        foreach (var combination in shuffled.Take(shuffled.Count >= 5 && random.Next(2) == 0 ? 2 : shuffled.Count >= 3 ? 1 : 0))
            if (random.NextDouble() < 0.7 && material.SaidElsewhere(combination))
                heldOut.Add(combination);
    }
    return ([.. material.Combinations.Where(c => !heldOut.Contains(c))], [.. material.Combinations.Where(heldOut.Contains)]);
}

object Demonstration()
{
    var message = scribe.Message(training, Wordings.Training);
    return new { message.Prompt, Completion = " " + scribe.Answer(message, Quality(flaws, shareGood), training) };
}

string Dialogue()
{
    var message = scribe.Message(training, Wordings.Training);
    return $"{message.Prompt} {scribe.Answer(message, Quality(flawsInCorpus, shareGoodInCorpus), training)}";
}

object Ranking(List<Combination> combinations, Wordings wordings, Agreement agreement)
{
    var message = scribe.Message(combinations, wordings);
    var answers = new OrderedDictionary<string, string>();
    while (answers.Count < 4)
        if (Quality([.. flaws, "garbled"], shareGood) is var quality && answers.Values.Count(q => q == quality) < 2)
            answers[" " + scribe.Answer(message, quality, training)] = quality;
    var completions = answers.Keys.ToList();
    agreement.Add(guest, message.Prompt, completions);
    return new { message.Prompt, Completions = completions, Ranks = guest.Rank(message.Prompt, completions, scribe.Random) };
}

string Quality(string[] flawed, double good) => scribe.Random.NextDouble() < good ? "good" : flawed[scribe.Random.Next(flawed.Length)];

Func<object> Situations()
{
    var all = material.Combinations.GetEnumerator();
    return () =>
    {
        all.MoveNext();
        var c = all.Current;
        return new { Topic = c.Situation.Topic.Id, Situation = c.Situation.Id, c.Detail, HeldOut = heldOut.Contains(c), Wordings = c.Wordings() };
    };
}

double OffTopicElsewhere()
{
    var (off, all) = (0, 0);
    while (all < 4000)
    {
        var (here, there) = (scribe.Message(training, Wordings.Training), scribe.Message(training, Wordings.Training));
        if (here.Combination.Situation.Topic == there.Combination.Situation.Topic)
            continue;
        all++;
        off += guest.Judge(there.Prompt, scribe.Answer(here, "good", training)).OnTopic == 0 ? 1 : 0;
    }
    return (double)off / all;
}

void Report()
{
    Console.WriteLine($"{material.Topics.Count} topics, {material.Combinations.Count} situations, {heldOut.Count} held out, {material.Words().Count} words");
    foreach (var (quality, (right, count)) in scribe.Tally)
        Console.WriteLine($"  {quality,-10} {count,6} written, the simulated guest agrees with {100.0 * right / count:F1} %");
    Console.WriteLine($"  rankings: {agreement}; held out: {agreementHeldOut}");
    Console.WriteLine($"  a good answer under another topic's prompt is off topic in {100 * OffTopicElsewhere():F1} %");
    foreach (var line in scribe.Dropped.Take(toShow * 3))
        Console.WriteLine(line);
}

enum Wordings
{
    Training,
    HeldOut,
}

/// <summary>Lines under keys; a key may stand for many lines. A line of alternatives, "a | b", stands for each of them.</summary>
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

/// <summary>A situation with one of its details: what is split into training and held-out.</summary>
sealed record Combination(Situation Situation, string Detail)
{
    public static readonly string[] Kinds = ["bring", "want", "act", "problem", "ask", "tell"];

    public IEnumerable<(string Kind, string Text)> Messages() =>
        from kind in Kinds
        from line in Situation.Lines.GetValueOrDefault(kind, [])
        select (kind, line);

    public IEnumerable<string> Wordings() => Messages().Select(message => message.Text.Replace("{it}", Detail));
}

/// <summary>Everything hand-written.</summary>
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

/// <summary>A guest's message and what the desk must know to answer it.</summary>
sealed record Message(string Prompt, Combination Combination, bool IsTrouble, Dictionary<string, string> Chosen);

/// <summary>Puts lines together: {name} stands for one of the lines under that key, {a|b} for one of the two.</summary>
sealed partial class Scribe(Material material, SimulatedGuest guest, Random random)
{
    readonly HashSet<string> texts = [];

    public Random Random => random;

    public SortedDictionary<string, (int Right, int Count)> Tally { get; } = [];

    public List<string> Dropped { get; } = [];

    /// <summary>Every line of a guest of which the simulated guest sees another topic, and every offer that it does not call good.</summary>
    public IEnumerable<string> Misunderstood()
    {
        foreach (var combination in material.Combinations)
        {
            var context = Context(combination, []);
            var id = $"{combination.Situation.Topic.Id}/{combination.Situation.Id}";
            foreach (var (_, line) in combination.Messages())
            {
                var prompt = Expand(line, context);
                if (string.Join(' ', guest.TopicsOf(prompt)) is var topics && topics != combination.Situation.Topic.Id)
                    yield return $"{id} \"{prompt}\" is about: {topics}";
                foreach (var offer in combination.Situation.Lines["offer"])
                {
                    var answer = Expand("of course, " + Turned(offer, context), context);
                    if (guest.Judge(combination.Situation.Topic.Id.Replace('-', ' '), Expand(offer, context)).Polite > 0)
                        yield return $"{id} \"{offer}\" is polite already";
                    if (topics == combination.Situation.Topic.Id && guest.Judge(prompt, answer) is { IsGood: false } judgement)
                        yield return $"{id} {combination.Detail}: \"{offer}\" is not: {string.Join(' ', judgement.Flaws)}";
                }
            }
        }
    }

    /// <summary>A message that no file has yet, and of which the simulated guest sees the topic.</summary>
    public Message Message(List<Combination> combinations, Wordings wordings)
    {
        while (true)
        {
            var combination = Pick(combinations.GroupBy(c => c.Situation.Topic).ToList(), topic => topic);
            var message = Compose(Pick(combination.ToList(), c => c), wordings);
            var topics = guest.TopicsOf(message.Prompt);
            var right = topics.Count == 1 && topics.First() == message.Combination.Situation.Topic.Id;
            Note("prompt", right, message.Prompt, string.Join(' ', topics));
            if (right && texts.Add(message.Prompt))
                return message;
        }
    }

    /// <summary>An answer of the quality asked for, in the simulated guest's eyes too.</summary>
    public string Answer(Message message, string quality, List<Combination> combinations)
    {
        for (var attempt = 0; ; attempt++)
        {
            var answer = Attempt(message, quality, combinations);
            var judgement = guest.Judge(message.Prompt, answer);
            var right = judgement.IsGood == (quality == "good");
            Note(quality, right, message.Prompt + " " + answer, string.Join(' ', judgement.Flaws));
            if (right)
                return answer;
            if (attempt == 200)
                throw new InvalidDataException($"no {quality} answer to \"{message.Prompt}\", for example not \"{answer}\": {string.Join(' ', judgement.Flaws)}");
        }
    }

    /// <summary>A paper of the house about one topic, or one situation of it.</summary>
    public string Paper(List<Combination> combinations)
    {
        while (true)
        {
            var combination = Pick(combinations, c => c);
            var pattern = Pick(material.Common["paper"], p => p);
            var context = Context(combination, []);
            if (!Names().Matches(pattern).All(name => IsKnown(name.Groups[1].Value, context)))
                continue;
            var paper = Expand(pattern, context);
            var sentences = Regex.Split(paper, "(?<=[.?]) ");
            if (sentences.Distinct().Count() == sentences.Length && texts.Add(paper))
                return paper;
        }
    }

    Message Compose(Combination combination, Wordings wordings)
    {
        var (kind, text) = Pick(combination.Messages().ToList(), m => m);
        var context = Context(combination, []);
        var blameless = Find("ack", context) is not null;
        var frames = (wordings == Wordings.HeldOut ? material.HeldOutWordings : material.TrainingWordings)[kind];
        var frame = Pick(frames.Where(f => !blameless || f[0] != '!').ToList(), f => f);
        context.Chosen["x"] = Expand(text, context, tidy: false);
        var trouble = frame[0] == '!' || kind == "problem";
        return new Message($"Guest: {Expand(frame.TrimStart('!'), context)}\nDesk:", combination, trouble, context.Chosen);
    }

    string Attempt(Message message, string quality, List<Combination> combinations)
    {
        var context = Context(message.Combination, message.Chosen);
        var (good, ack) = message.IsTrouble ? ("good-trouble", "apology") : ("good-wish", "gladly");
        context.Scopes.Insert(1, new Lines { ["good"] = material.Common[good], ["ack"] = material.Common[ack] });
        return quality switch
        {
            "cut" => Cut(Expand("{good}", context)),
            "ramble" when random.Next(5) == 0 => SayAgain(Expand("{good}", context)),
            "garbled" => Garble(Expand("{good}", context)),
            "off-topic" => Attempt(Compose(Elsewhere(message, combinations), Wordings.Training), "good", combinations),
            _ => Expand($"{{{quality}}}", context),
        };
    }

    /// <summary>An offer with the guest's words in the mouth of the desk: "my suit" becomes "your suit".</summary>
    static string Turned(string offer, Context context) => offer.Replace("{it}", Regex.Replace(
        context.Chosen["it"],
        @"\b(my|our|ours|me|us|we|I)\b",
        match => match.Value switch { "my" or "our" => "your", "ours" => "yours", _ => "you" }));

    Combination Elsewhere(Message message, List<Combination> combinations) =>
        Pick(combinations.Where(c => c.Situation.Topic != message.Combination.Situation.Topic).ToList(), c => c);

    string Cut(string answer)
    {
        var words = answer.Split(' ');
        return string.Join(' ', words.Take(random.Next(words.Length / 3, words.Length))).TrimEnd('.', '!', '?', ',', ':');
    }

    /// <summary>The answer, and then one of its sentences once or twice more.</summary>
    string SayAgain(string answer)
    {
        var sentence = Pick(Regex.Split(answer, "(?<=[.!?]) ").Where(s => s.Length > 25).DefaultIfEmpty(answer).ToList(), s => s);
        return string.Join(' ', Enumerable.Repeat(sentence, random.Next(1, 3)).Prepend(answer));
    }

    string Garble(string answer)
    {
        var words = answer.Split(' ').ToList();
        var at = words.FindIndex(random.Next(words.Count - 1), word => char.IsLetter(word[^1]));
        return random.Next(3) switch
        {
            0 => answer + "\nGuest: " + Pick(material.Common["chat"], c => c),
            1 => string.Join(' ', words.Take(at).Append(words[at]).Concat(words.Skip(at))),
            _ => answer + " " + answer,
        };
    }

    Context Context(Combination combination, Dictionary<string, string> chosen)
    {
        var context = new Context(new(chosen), [material.Common, combination.Situation.Topic.Lines, combination.Situation.Lines], []);
        context.Chosen["it"] = combination.Detail;
        return context;
    }

    bool IsKnown(string name, Context context) =>
        name.Contains('|') || material.Fixed.ContainsKey(name) || Find(name, context) is not null;

    static List<string>? Find(string name, Context context) =>
        context.Scopes.AsEnumerable().Reverse().Select(scope => scope.GetValueOrDefault(name)).FirstOrDefault(list => list is not null);

    string Expand(string pattern, Context context, bool tidy = true)
    {
        var text = Names().Replace(pattern, match => Fill(match.Groups[1].Value, context));
        return tidy ? Tidy(text) : text;
    }

    string Fill(string name, Context context)
    {
        if (context.Chosen.TryGetValue(name, out var chosen))
            return chosen;
        if (name.Contains('|'))
            return Pick(name.Split('|').ToList(), part => part);
        if (material.Fixed.TryGetValue(name, out var once))
            return context.Chosen[name] = Pick(once, line => line);
        var lines = Find(name, context) ?? throw new InvalidDataException($"no lines for {{{name}}}");
        var fresh = lines.Where(line => line.Length == 0 || !context.Used.Contains(line)).ToList();
        var line = Pick(fresh.Count > 0 ? fresh : lines, l => l);
        context.Used.Add(line);
        return Expand(name == "offer" ? Turned(line, context) : line, context, tidy: false);
    }

    static string Tidy(string text)
    {
        text = Regex.Replace(text, " +", " ").Trim();
        return SentenceStarts().Replace(text, match => match.Value.ToUpperInvariant());
    }

    void Note(string kind, bool right, string text, string why)
    {
        var (count, all) = Tally.GetValueOrDefault(kind);
        Tally[kind] = (count + (right ? 1 : 0), all + 1);
        if (!right)
            Dropped.Add($"[{kind}: {why}] {text.Replace("\n", " / ")}");
    }

    T2 Pick<T, T2>(IReadOnlyList<T> list, Func<T, T2> select) => select(list[random.Next(list.Count)]);

    [GeneratedRegex(@"\{([^{}]+)\}")]
    private static partial Regex Names();

    [GeneratedRegex(@"(?:^|[.!?] )[a-z]")]
    private static partial Regex SentenceStarts();
}

/// <summary>What is chosen once for a text, where names are looked up (the last first), and which lines are used up.</summary>
sealed record Context(Dictionary<string, string> Chosen, List<Lines> Scopes, HashSet<string> Used);

/// <summary>How far rankings agree with the taste without noise, and with each other.</summary>
sealed class Agreement
{
    readonly List<double> withTaste = [];
    readonly List<double> withAnother = [];

    public void Add(SimulatedGuest guest, string prompt, List<string> answers)
    {
        withTaste.Add(guest.NoisyAgreement(prompt, answers));
        withAnother.Add(guest.AnnotatorAgreement(prompt, answers));
    }

    public override string ToString() => $"{withTaste.Average():F3} with the taste, {withAnother.Average():F3} with each other";
}

/// <summary>The JSONL files.</summary>
sealed class Files(string folder, int toShow)
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public void Write(string name, int count, Func<object> next)
    {
        var text = new StringBuilder();
        for (var i = 0; i < count; i++)
            text.Append(JsonSerializer.Serialize(next(), Json)).Append('\n');
        File.WriteAllText(Path.Combine(folder, name + ".jsonl"), text.ToString());
        Console.WriteLine($"{name}.jsonl: {count} lines, {text.Length / 1024} KB");
        foreach (var line in text.ToString().Split('\n').Take(toShow))
            Console.WriteLine("  " + line);
    }
}
