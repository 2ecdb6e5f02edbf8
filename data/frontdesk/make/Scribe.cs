using System.Text.RegularExpressions;
using Attune.Quickstart;

namespace Attune.FrontDesk;

/// <summary>A guest's message, and what is needed to write an answer to it.</summary>
sealed record Message(string Prompt, Combination Combination, bool IsTrouble, Dictionary<string, string> Chosen);

/// <summary>
/// Writes messages, answers and papers from the material, and keeps those that the simulated guest judges as intended.
/// </summary>
sealed class Scribe(Material material, SimulatedGuest guest, Random random)
{
    readonly HashSet<string> texts = [];
    readonly Template template = new(material.Fixed, random);

    public SortedDictionary<string, (int Right, int Count)> Tally { get; } = [];

    public List<string> Dropped { get; } = [];

    /// <summary>
    /// Lines of guests in which the simulated guest finds another topic, and offers that it does not judge as good.
    /// </summary>
    public IEnumerable<string> Misunderstood()
    {
        foreach (var combination in material.Combinations)
        {
            var context = Context(combination, []);
            var id = $"{combination.Situation.Topic.Id}/{combination.Situation.Id}";
            foreach (var (_, line) in combination.Messages())
            {
                var prompt = template.Fill(line, context);
                if (string.Join(' ', guest.TopicsOf(prompt)) is var topics && topics != combination.Situation.Topic.Id)
                    yield return $"{id} \"{prompt}\" is about: {topics}";
                foreach (var offer in combination.Situation.Lines["offer"])
                {
                    var answer = template.Fill("of course, " + context.Turned(offer), context);
                    if (guest.Judge(combination.Situation.Topic.Id.Replace('-', ' '), template.Fill(offer, context)).Polite > 0)
                        yield return $"{id} \"{offer}\" is polite already";
                    if (topics == combination.Situation.Topic.Id && guest.Judge(prompt, answer) is { IsGood: false } judgement)
                        yield return $"{id} {combination.Detail}: \"{offer}\" is not: {string.Join(' ', judgement.Flaws)}";
                }
            }
        }
    }

    /// <summary>A new message whose topic the simulated guest recognises.</summary>
    public Message Message(List<Combination> combinations, Wordings wordings)
    {
        while (true)
        {
            var ofTopic = random.Pick(combinations.GroupBy(c => c.Situation.Topic).ToList());
            var message = Compose(random.Pick(ofTopic.ToList()), wordings);
            var topics = guest.TopicsOf(message.Prompt);
            var right = topics.Count == 1 && topics.First() == message.Combination.Situation.Topic.Id;
            Note("prompt", right, message.Prompt, string.Join(' ', topics));
            if (right && texts.Add(message.Prompt))
                return message;
        }
    }

    /// <summary>An answer of the given quality, as the simulated guest judges it too.</summary>
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
            {
                var flaws = string.Join(' ', judgement.Flaws);
                throw new InvalidDataException($"no {quality} answer to \"{message.Prompt}\"; the last try was \"{answer}\": {flaws}");
            }
        }
    }

    /// <summary>A paper of the house about one topic or one situation.</summary>
    public string Paper(List<Combination> combinations)
    {
        while (true)
        {
            var combination = random.Pick(combinations);
            var pattern = random.Pick(material.Common["paper"]);
            var context = Context(combination, []);
            if (!template.CanFill(pattern, context))
                continue;
            var paper = template.Fill(pattern, context);
            var sentences = Regex.Split(paper, "(?<=[.?]) ");
            if (sentences.Distinct().Count() == sentences.Length && texts.Add(paper))
                return paper;
        }
    }

    Message Compose(Combination combination, Wordings wordings)
    {
        var (kind, text) = random.Pick(combination.Messages().ToList());
        var context = Context(combination, []);
        var blameless = context.Find("ack") is not null;
        var frames = (wordings == Wordings.HeldOut ? material.HeldOutWordings : material.TrainingWordings)[kind];
        var frame = random.Pick(frames.Where(f => !blameless || f[0] != '!').ToList());
        context.Chosen["x"] = template.FillUntidily(text, context);
        var trouble = frame[0] == '!' || kind == "problem";
        return new Message($"Guest: {template.Fill(frame.TrimStart('!'), context)}\nDesk:", combination, trouble, context.Chosen);
    }

    string Attempt(Message message, string quality, List<Combination> combinations)
    {
        var context = Context(message.Combination, message.Chosen);
        var (good, ack) = message.IsTrouble ? ("good-trouble", "apology") : ("good-wish", "gladly");
        context.Scopes.Insert(1, new Lines { ["good"] = material.Common[good], ["ack"] = material.Common[ack] });
        return quality switch
        {
            "cut" => Cut(template.Fill("{good}", context)),
            "ramble" when random.Next(5) == 0 => SayAgain(template.Fill("{good}", context)),
            "garbled" => Garble(template.Fill("{good}", context)),
            "off-topic" => Attempt(Compose(Elsewhere(message, combinations), Wordings.Training), "good", combinations),
            _ => template.Fill($"{{{quality}}}", context),
        };
    }

    Combination Elsewhere(Message message, List<Combination> combinations) =>
        random.Pick(combinations.Where(c => c.Situation.Topic != message.Combination.Situation.Topic).ToList());

    string Cut(string answer)
    {
        var words = answer.Split(' ');
        return string.Join(' ', words.Take(random.Next(words.Length / 3, words.Length))).TrimEnd('.', '!', '?', ',', ':');
    }

    /// <summary>The answer, followed by one of its sentences, once or twice.</summary>
    string SayAgain(string answer)
    {
        var sentence = random.Pick(Regex.Split(answer, "(?<=[.!?]) ").Where(s => s.Length > 25).DefaultIfEmpty(answer).ToList());
        return string.Join(' ', Enumerable.Repeat(sentence, random.Next(1, 3)).Prepend(answer));
    }

    string Garble(string answer)
    {
        var words = answer.Split(' ').ToList();
        var at = words.FindIndex(random.Next(words.Count - 1), word => char.IsLetter(word[^1]));
        return random.Next(3) switch
        {
            0 => answer + "\nGuest: " + random.Pick(material.Common["chat"]),
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

    void Note(string kind, bool right, string text, string why)
    {
        var (count, all) = Tally.GetValueOrDefault(kind);
        Tally[kind] = (count + (right ? 1 : 0), all + 1);
        if (!right)
            Dropped.Add($"[{kind}: {why}] {text.Replace("\n", " / ")}");
    }
}
