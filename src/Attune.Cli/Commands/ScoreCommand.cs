using System.CommandLine;
using System.Text.Json.Nodes;
using Attune.Data;
using Attune.Reporting.Charts;
using Attune.Reporting.Evaluation;
using Attune.Text;
using Attune.Training.Rewards;

namespace Attune.Cli.Commands;

/// <summary><c>attune score MODEL FILE</c>: a reward model's scores of texts, responses or comparisons, as JSONL.</summary>
static class ScoreCommand
{
    static readonly EnsembleArguments Ensemble = new();
    static readonly Argument<string> File = new("file")
    {
        HelpName = "FILE", Description = "Texts, prompts with responses, responses in steps, or comparisons",
    };
    static readonly Option<string?> Output = new("--output")
    {
        HelpName = "FILE", Description = "A JSONL file to write (default: standard output)",
    };
    static readonly Option<bool> Raw = new("--raw")
    {
        Description = "Write logits, as transformers computes them, before the model's normalisation",
    };

    static readonly DataArguments Reading = new();

    public static Command Create()
    {
        var command = new Command("score", "Score texts, responses or comparisons with a reward model") { File, Output, Raw };
        Ensemble.AddTo(command);
        Reading.AddTo(command);
        command.SetAction(Score);
        return CommandHelp.WithExample(command, """
            attune score runs/quickstart/4-reward/model data/frontdesk/rankings-heldout.jsonl --output scores.jsonl
            """);
    }

    static int Score(ParseResult parsed)
    {
        var (file, output) = (parsed.GetValue(File)!, parsed.GetValue(Output));
        var examples = Dataset.Read(file, Reading.For(parsed, DataUse.Responses, "score")).ToList();
        var scorer = new Scorer(Ensemble.Load(parsed), parsed.GetValue(Raw));
        scorer.Check();
        using var writer = OutputFile.Open(output, file);
        foreach (var batch in examples.Chunk(256))
            foreach (var line in scorer.Score(batch))
                writer.WriteLine(JsonText.Line(line));
        Console.Error.WriteLine(scorer.Summary);
        return 0;
    }

    sealed class Scorer(RewardScorer model, bool raw)
    {
        int pairs;
        double correct;
        int texts;

        /// <summary>What was scored, with the accuracy on comparisons.</summary>
        public string Summary => pairs > 0
            ? $"{Quantity.Of(texts, "response")} scored; accuracy {NumberFormat.Percent(correct / pairs, decimals: 1)} on "
                + Quantity.Of(pairs, "pair")
            : $"{Quantity.Of(texts, "text")} scored";

        /// <exception cref="InvalidDataException">A process reward model has no logit of a response.</exception>
        public void Check()
        {
            if (raw && model.HasSteps)
                throw new InvalidDataException("--raw must be left out for a process reward model: its scores are probabilities of steps.");
        }

        public IEnumerable<JsonObject> Score(Example[] examples) => examples.Zip(model.Score(examples), Line);

        JsonObject Line(Example example, ScoredResponse[] responses)
        {
            double[] scores = [.. responses.Select(response => raw ? response.Logit : response.Score)];
            texts += scores.Length;
            var json = example is ComparisonExample or ChatComparisonExample
                ? Comparison(example as ComparisonExample ?? model.Encoder.AsTexts((ChatComparisonExample)example), scores)
                : ExampleWriter.ToJson(example);
            Add("score", scores);
            if (model.HasSteps)
                json["steps"] = responses.Length == 1
                    ? List(responses[0].Steps!)
                    : new JsonArray([.. responses.Select(response => List(response.Steps!))]);
            if (model.MemberCount > 1)
                Add("disagreement", [.. responses.Select(response => response.Disagreement)]);
            return json;

            void Add(string name, double[] numbers) =>
                json[numbers.Length == 1 ? name : $"{name}s"] = numbers.Length == 1 ? numbers[0] : List(numbers);
        }

        JsonObject Comparison(ComparisonExample example, double[] scores)
        {
            var json = new JsonObject
            {
                ["prompt"] = example.Prompt,
                ["completions"] = new JsonArray([.. example.Completions.Select(completion => (JsonNode)completion)]),
            };
            if (example.Comparisons.Ranks is { } ranks)
                json["ranks"] = new JsonArray([.. ranks.Select(rank => (JsonNode?)rank)]);
            pairs += example.Comparisons.Comparisons.Count;
            correct += example.Comparisons.Comparisons.Sum(pair => Math.Sign(scores[pair.Chosen] - scores[pair.Rejected]) / 2.0 + 0.5);
            return json;
        }

        static JsonArray List(IReadOnlyList<double> numbers) => new([.. numbers.Select(number => (JsonNode)number)]);
    }
}
