// Makes the files of this folder: `dotnet run data/arithmetic/make.cs`. README.md describes them.
const int Texts = 2000, Labelled = 1000, Prompts = 500, HeldOut = 150, Greatest = 20, Seed = 14;
const double WrongSteps = 0.2;
var folder = args.FirstOrDefault() ?? "data/arithmetic";
var random = new Random(Seed);
var known = new HashSet<string>();

Write("prompts-heldout.jsonl", HeldOut, () => PromptLine(NewProblem()));
Write("steps-heldout.jsonl", HeldOut, () => StepsLine(NewProblem()));
Write("texts.jsonl", Texts, () => TextLine(NewProblem()));
Write("steps.jsonl", Labelled, () => StepsLine(NewProblem()));
Write("prompts.jsonl", Prompts, () => PromptLine(NewProblem()));

void Write(string name, int lines, Func<string> line) =>
    File.WriteAllLines(Path.Combine(folder, name), Enumerable.Range(0, lines).Select(_ => line()));

// A chain of two to four additions and subtractions of digits whose results are from 0 to 20, and that is in no other line.
(int First, (char Sign, int Number)[] Operations) NewProblem()
{
    while (true)
    {
        var first = random.Next(1, 10);
        var (value, operations) = (first, new List<(char Sign, int Number)>());
        for (var left = random.Next(2, 5); left > 0; left--)
        {
            var (sign, number) = (random.Next(2) == 0 ? '+' : '-', random.Next(1, 10));
            if (Result(value, sign, number) is < 0 or > Greatest)
                sign = sign == '+' ? '-' : '+';
            operations.Add((sign, number));
            value = Result(value, sign, number);
        }
        if (value is >= 0 and <= Greatest && known.Add(Prompt(first, operations)))
            return (first, [.. operations]);
    }
}

int Result(int value, char sign, int number) => sign == '+' ? value + number : value - number;

string Prompt(int first, IEnumerable<(char Sign, int Number)> operations) =>
    first + string.Concat(operations.Select(operation => $" {operation.Sign} {operation.Number}")) + "\\n";

string PromptLine((int First, (char Sign, int Number)[] Operations) problem)
{
    var answer = problem.Operations.Aggregate(problem.First, (value, operation) => Result(value, operation.Sign, operation.Number));
    return $$"""{"prompt":"{{Prompt(problem.First, problem.Operations)}}","answer":{{answer}}}""";
}

string TextLine((int First, (char Sign, int Number)[] Operations) problem) =>
    $$"""{"text":"{{Prompt(problem.First, problem.Operations)}}{{string.Join("\\n", Steps(problem).Select(step => step.Text))}}"}""";

string StepsLine((int First, (char Sign, int Number)[] Operations) problem)
{
    var steps = Steps(problem).ToList();
    var completions = string.Join(",", steps.Select(step => $"\"{step.Text}\""));
    var labels = string.Join(",", steps.Select(step => step.Right ? "true" : "false"));
    return $$"""{"prompt":"{{Prompt(problem.First, problem.Operations)}}","completions":[{{completions}}],"labels":[{{labels}}]}""";
}

// One step for each operation. A wrong step has a wrong result, or does another operation than the problem's; later steps go on from it.
IEnumerable<(string Text, bool Right)> Steps((int First, (char Sign, int Number)[] Operations) problem)
{
    var value = problem.First;
    foreach (var (sign, number) in problem.Operations)
    {
        var right = random.NextDouble() >= WrongSteps;
        var (ownSign, ownNumber) = (sign, number);
        var result = Result(value, sign, number);
        if (!right && random.Next(4) == 0)
        {
            ownNumber = (number + random.Next(8)) % 9 + 1;                  // another digit
            result = Result(value, sign, ownNumber);
        }
        else if (!right)
            result += (random.Next(2) == 0 ? 1 : -1) * random.Next(1, 4);
        yield return ($"{value} {ownSign} {ownNumber} = {result}", right);
        value = result;
    }
}
