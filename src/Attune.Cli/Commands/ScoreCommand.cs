using System.CommandLine;
using System.Text.Json.Nodes;
using Attune.Data;
using Attune.Torch;
using Attune.Training;
using Attune.Training.Rewards;

namespace Attune.Cli.Commands;

/// <summary><c>attune score MODEL FILE</c>: a reward model's numbers for texts, answers, pairs or rankings, as JSONL.</summary>
static class ScoreCommand
{
    static readonly Argument<string> Model = new("model") { Description = "A reward model's folder" };
    static readonly Argument<string> File = new("file") { Description = "Texts, answers to prompts, pairs or rankings" };
    static readonly Option<string?> Output = new("--output") { Description = "A JSONL file to write; standard output without it" };
    static readonly Option<string> On = ModelOptions.Device();
    static readonly Option<string> Dtype = ModelOptions.Dtype();

    public static Command Create()
    {
        var command = new Command("score", "Score texts or rankings by a reward model, with its accuracy") { Model, File, Output, On, Dtype };
        command.SetAction(Score);
        return CommandHelp.WithExample(command, "attune score runs/reward/model rankings.jsonl --output scores.jsonl");
    }

    static int Score(ParseResult parsed)
    {
        var folder = parsed.GetValue(Model)!;
        var tokenizer = ModelFolder.Tokenizer(folder);
        var model = ModelFolder.RewardModel(folder, Device.Parse(parsed.GetValue(On)!), ModelOptions.ParseDtype(parsed.GetValue(Dtype)!));
        var scorer = new Scorer(new RewardModelSource(model, tokenizer, tokenizer), new TextEncoder(tokenizer, (int)model.Backbone.ContextLength));
        var (file, output) = (parsed.GetValue(File)!, parsed.GetValue(Output));
        var examples = Dataset.Read(file).ToList();
        using var writer = OutputFile.Open(output, file);
        foreach (var part in examples.Chunk(256))
            foreach (var line in scorer.Score(part))
                writer.WriteLine(line.ToJsonString(JsonText.Readable));
        Console.Error.WriteLine(scorer.Verdict);
        return 0;
    }

    sealed class Scorer(RewardModelSource source, TextEncoder encoder)
    {
        int pairs;
        double right;
        int texts;

        /// <summary>What was found, in words.</summary>
        public string Verdict => pairs > 0
            ? $"{texts} answers scored; {100 * right / pairs:F1} % of {pairs} pairs in order"
            : $"{texts} texts scored";

        public IEnumerable<JsonObject> Score(Example[] examples)
        {
            var scores = new Queue<double>(source.Score([.. examples.SelectMany(Texts)]));
            texts += scores.Count;
            foreach (var example in examples)
                yield return Line(example, [.. Enumerable.Range(0, example is Ranking ranking ? ranking.Completions.Count : 1).Select(_ => scores.Dequeue())]);
        }

        IEnumerable<int[]> Texts(Example example) => example switch
        {
            Ranking ranking => ranking.Completions.Select(completion => encoder.Answered(ranking.Prompt, completion)),
            Demonstration demonstration => [encoder.Answered(demonstration.Prompt, demonstration.Completion)],
            Document document => [encoder.Document(document.Text)],
            _ => throw new InvalidDataException($"{example.Origin}: text, prompt and completion, or ranked answers were expected"),
        };

        JsonObject Line(Example example, double[] scores)
        {
            var json = new JsonObject();
            if (example is Document document)
                json["text"] = document.Text;
            else if (example is Demonstration demonstration)
                (json["prompt"], json["completion"]) = (demonstration.Prompt, demonstration.Completion);
            else if (example is Ranking ranking)
                AddRanking(json, ranking, scores);
            json[scores.Length == 1 ? "score" : "scores"] = scores.Length == 1 ? scores[0] : new JsonArray([.. scores.Select(score => (JsonNode)score)]);
            return json;
        }

        void AddRanking(JsonObject json, Ranking ranking, double[] scores)
        {
            json["prompt"] = ranking.Prompt;
            json["completions"] = new JsonArray([.. ranking.Completions.Select(completion => (JsonNode)completion)]);
            if (ranking.Preferences.Ranks is { } ranks)
                json["ranks"] = new JsonArray([.. ranks.Select(rank => (JsonNode?)rank)]);
            pairs += ranking.Preferences.Pairs.Count;
            right += ranking.Preferences.Pairs.Sum(pair => Math.Sign(scores[pair.Better] - scores[pair.Worse]) / 2.0 + 0.5);
        }
    }
}
