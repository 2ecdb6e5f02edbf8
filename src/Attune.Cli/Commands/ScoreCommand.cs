using System.CommandLine;
using System.Text.Json.Nodes;
using Attune.Data;
using Attune.Reporting.Charts;
using Attune.Reporting.Evaluation;
using Attune.Training.Rewards;

namespace Attune.Cli.Commands;

/// <summary><c>attune score MODEL FILE</c>: a reward model's numbers for texts, answers, pairs or rankings, as JSONL.</summary>
static class ScoreCommand
{
    static readonly EnsembleArguments Ensemble = new();
    static readonly Argument<string> File = new("file") { Description = "Texts, answers to prompts, pairs or rankings" };
    static readonly Option<string?> Output = new("--output") { Description = "A JSONL file to write; standard output without it" };
    static readonly Option<bool> Raw = new("--raw") { Description = "Logits, as transformers computes them, where the model brings a normalisation" };

    public static Command Create()
    {
        var command = new Command("score", "Score texts or rankings by a reward model, with its accuracy") { File, Output, Raw };
        Ensemble.AddTo(command);
        command.SetAction(Score);
        return CommandHelp.WithExample(command, "attune score runs/reward/model rankings.jsonl --output scores.jsonl\nattune score runs/reward-1/model rankings.jsonl --with runs/reward-2/model --combine minimum");
    }

    static int Score(ParseResult parsed)
    {
        var scorer = new Scorer(Ensemble.Load(parsed), parsed.GetValue(Raw));
        var (file, output) = (parsed.GetValue(File)!, parsed.GetValue(Output));
        var examples = Dataset.Read(file).ToList();
        using var writer = OutputFile.Open(output, file);
        foreach (var part in examples.Chunk(256))
            foreach (var line in scorer.Score(part))
                writer.WriteLine(line.ToJsonString(JsonText.Readable));
        Console.Error.WriteLine(scorer.Verdict);
        return 0;
    }

    sealed class Scorer(RewardScorer judge, bool raw)
    {
        int pairs;
        double right;
        int texts;

        /// <summary>What was found, in words.</summary>
        public string Verdict => pairs > 0
            ? $"{texts} answers scored; {NumberFormat.Percent(right / pairs, decimals: 1)} of {pairs} pairs in order"
            : $"{texts} texts scored";

        public IEnumerable<JsonObject> Score(Example[] examples) => examples.Zip(judge.Score(examples), Line);

        JsonObject Line(Example example, ScoredResponse[] judged)
        {
            var json = new JsonObject();
            double[] scores = [.. judged.Select(answer => raw ? answer.Logit : answer.Score)];
            texts += scores.Length;
            if (example is Document document)
                json["text"] = document.Text;
            else if (example is Demonstration demonstration)
                (json["prompt"], json["completion"]) = (demonstration.Prompt, demonstration.Completion);
            else if (example is ComparisonExample or ChatComparisonExample)
                AddRanking(json, example as ComparisonExample ?? judge.Encoder.AsTexts((ChatComparisonExample)example), scores);
            Add("score", scores);
            if (judge.MemberCount > 1)
                Add("disagreement", [.. judged.Select(answer => answer.Disagreement)]);
            return json;

            void Add(string name, double[] numbers) => json[numbers.Length == 1 ? name : $"{name}s"] = numbers.Length == 1 ? numbers[0] : List(numbers);
        }

        void AddRanking(JsonObject json, ComparisonExample ranking, double[] scores)
        {
            json["prompt"] = ranking.Prompt;
            json["completions"] = new JsonArray([.. ranking.Completions.Select(completion => (JsonNode)completion)]);
            if (ranking.Comparisons.Ranks is { } ranks)
                json["ranks"] = new JsonArray([.. ranks.Select(rank => (JsonNode?)rank)]);
            pairs += ranking.Comparisons.Comparisons.Count;
            right += ranking.Comparisons.Comparisons.Sum(pair => Math.Sign(scores[pair.Chosen] - scores[pair.Rejected]) / 2.0 + 0.5);
        }

        static JsonArray List(double[] numbers) => new([.. numbers.Select(number => (JsonNode)number)]);
    }
}
