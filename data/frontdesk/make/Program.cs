using Attune.FrontDesk;
using Attune.Quickstart;

// Writes the data of the hotel front desk from the hand-written lines in ../material; the bytes are the same every time:
//     dotnet run --project data/frontdesk/make           writes the files and prints what is in them
//     dotnet run --project data/frontdesk/make -- 20     also prints 20 of each kind, and what was dropped
// ../README.md describes the result.

var folder = Path.Combine("data", "frontdesk");
if (!Directory.Exists(folder))
{
    Console.Error.WriteLine($"There is no folder {folder} here. Run this in the root of the checkout.");
    return 2;
}
var toShow = args.Length > 0 ? int.Parse(args[0]) : 0;
var material = new Material(Path.Combine(folder, "material"));
File.WriteAllText(Path.Combine(folder, "words.txt"), string.Join('\n', material.Words()) + "\n");
var guest = SimulatedGuest.Load(folder);
var random = new Random(20240607);
var scribe = new Scribe(material, guest, random);
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
files.Write("prompts", 4000, () => new { scribe.Message(training, Wordings.Training).Prompt });
files.Write("rankings", 800, () => Ranking(training, Wordings.Training, agreement));
files.Write("corpus", 12000, () => new { Text = random.NextDouble() < 0.8 ? Dialogue() : scribe.Paper(training) });
files.Write("situations", material.Combinations.Count, Situations());
files.Write("pairs-heldout", 200, () => Pair(heldOut, Wordings.HeldOut));
files.Write("pairs", 600, () => Pair(training, Wordings.Training));
files.Write("triples-heldout", 100, () => Triple(heldOut, Wordings.HeldOut));
files.Write("triples", 400, () => Triple(training, Wordings.Training));
files.Write("labels-heldout", 300, () => Labelled(heldOut, Wordings.HeldOut));
files.Write("labels", 1500, () => Labelled(training, Wordings.Training));
Report();
return 0;

// Holds out a fifth of the combinations of situations with three or more, if all their words occur elsewhere too.
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
    return new { message.Prompt, Completions = completions, Ranks = guest.Rank(message.Prompt, completions, random) };
}

// Ten noisy guests vote between two answers; the margin is that of the guest without noise.
object Pair(List<Combination> combinations, Wordings wordings)
{
    const int Guests = 10;
    var message = scribe.Message(combinations, wordings);
    string[] kinds = [.. flaws, "garbled"];
    var answers = new HashSet<string>();
    while (answers.Count < 2)
        answers.Add(" " + scribe.Answer(message, Quality(kinds, shareGood), training));
    string[] pair = [.. answers];
    var first = Enumerable.Range(0, Guests).Count(_ => guest.Rank(message.Prompt, pair, random)[0] == 0);
    if (2 * first < Guests)
        (pair, first) = ([pair[1], pair[0]], Guests - first);
    var better = guest.Judge(message.Prompt, pair[0]).Score - guest.Judge(message.Prompt, pair[1]).Score;
    var strength = better switch { < 1 => "negligibly better", < 2.5 => "slightly better", < 5 => "better", _ => "significantly better" };
    return new { message.Prompt, Chosen = pair[0], Rejected = pair[1], Strength = strength, Votes = (int[])[first, Guests - first] };
}

// Two answers that the guest without noise scores differently, at most one of them good, and a good answer that is neither of them.
object Triple(List<Combination> combinations, Wordings wordings)
{
    var message = scribe.Message(combinations, wordings);
    string[] kinds = [.. flaws, "garbled"];
    var (gold, chosen, rejected) = (Answer("good"), Answer(Quality(kinds, 0.5)), Answer(Quality(kinds, 0)));
    while (chosen == gold)
        chosen = Answer(Quality(kinds, 0.5));
    while (Score(rejected) >= Score(chosen) - 0.5)
        (chosen, rejected) = Score(rejected) > Score(chosen) ? (rejected, chosen) : (chosen, Answer(Quality(kinds, 0)));
    return new { message.Prompt, Chosen = chosen, Rejected = rejected, Reference = gold };

    string Answer(string quality) => " " + scribe.Answer(message, quality, training);

    double Score(string answer) => guest.Judge(message.Prompt, answer).Score;
}

// A noisy guest gives an answer a thumb up or down.
object Labelled(List<Combination> combinations, Wordings wordings)
{
    var message = scribe.Message(combinations, wordings);
    var answer = " " + scribe.Answer(message, Quality([.. flaws, "garbled"], shareGood), training);
    return new { message.Prompt, Completion = answer, Label = guest.Likes(message.Prompt, answer, random) };
}

string Quality(string[] flawed, double good) => random.NextDouble() < good ? "good" : flawed[random.Next(flawed.Length)];

Func<object> Situations()
{
    var all = material.Combinations.GetEnumerator();
    return () =>
    {
        all.MoveNext();
        var c = all.Current;
        var (topic, situation) = (c.Situation.Topic.Id, c.Situation.Id);
        return new { Topic = topic, Situation = situation, c.Detail, HeldOut = heldOut.Contains(c), Wordings = c.Wordings() };
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
    Console.WriteLine(
        $"{material.Topics.Count} topics, {material.Combinations.Count} situations, {heldOut.Count} held out, "
        + $"{material.Words().Count} words");
    foreach (var (quality, (right, count)) in scribe.Tally)
        Console.WriteLine($"  {quality,-10} {count,6} written, the simulated guest agrees with {100.0 * right / count:F1} %");
    Console.WriteLine($"  rankings: {agreement}; held out: {agreementHeldOut}");
    Console.WriteLine($"  a good answer under another topic's prompt is off topic in {100 * OffTopicElsewhere():F1} %");
    foreach (var line in scribe.Dropped.Take(toShow * 3))
        Console.WriteLine(line);
}
