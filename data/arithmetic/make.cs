// Makes the files of this folder: `dotnet run data/arithmetic/make.cs`. README.md describes them.
const int Texts = 1700, Labelled = 950, Prompts = 400, HeldOut = 150, Operations = 4, GreatestDigit = 4, GreatestResult = 9, Seed = 14;
const double WrongSteps = 0.25;
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

int Digit() => random.Next(1, GreatestDigit + 1);

// A chain of additions and subtractions of digits with results from 0 to 9 that is in no other line.
(int First, (char Sign, int Number)[] Operations) NewProblem()
{
    while (true)
    {
        var first = Digit();
        var (value, operations) = (first, new List<(char Sign, int Number)>());
        while (operations.Count < Operations)
        {
            var (sign, number) = (random.Next(2) == 0 ? '+' : '-', Digit());
            if (Result(value, sign, number) is < 0 or > GreatestResult)
                sign = sign == '+' ? '-' : '+';
            operations.Add((sign, number));
            value = Result(value, sign, number);
        }
        if (known.Add(Prompt(first, operations)))
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
    var steps = Steps(problem);
    var completions = string.Join(",", steps.Select(step => $"\"{step.Text}\""));
    var labels = string.Join(",", steps.Select(step => step.Right ? "true" : "false"));
    return $$"""{"prompt":"{{Prompt(problem.First, problem.Operations)}}","completions":[{{completions}}],"labels":[{{labels}}]}""";
}

// One step for each operation, with results from 0 to 9.
List<(string Text, bool Right)> Steps((int First, (char Sign, int Number)[] Operations) problem)
{
    while (true)
        if (TrySteps(problem) is { } steps)
            return steps;
}

// A wrong step has a result that is off by 1 to 3; the next step goes on from it. Null when a result is out of range.
List<(string Text, bool Right)>? TrySteps((int First, (char Sign, int Number)[] Operations) problem)
{
    var (value, steps) = (problem.First, new List<(string Text, bool Right)>());
    foreach (var (sign, number) in problem.Operations)
    {
        var right = random.NextDouble() >= WrongSteps;
        var result = Result(value, sign, number);
        if (!right)
            result += (random.Next(2) == 0 ? 1 : -1) * random.Next(1, 4);
        if (result is < 0 or > GreatestResult)
            return null;
        steps.Add(($"{value} {sign} {number} = {result}", right));
        value = result;
    }
    return steps;
}
