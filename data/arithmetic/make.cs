// Makes the files of this folder: `dotnet run data/arithmetic/make.cs`. README.md describes them.
const int Texts = 2000, Labelled = 1100, Prompts = 500, HeldOut = 150, Operations = 3, GreatestDigit = 6, GreatestResult = 14, Seed = 14;
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

int Digit() => random.Next(1, GreatestDigit + 1);

// A chain of additions and subtractions of digits with results from 0 to 14 that is in no other line.
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
    var steps = Steps(problem).ToList();
    var completions = string.Join(",", steps.Select(step => $"\"{step.Text}\""));
    var labels = string.Join(",", steps.Select(step => step.Right ? "true" : "false"));
    return $$"""{"prompt":"{{Prompt(problem.First, problem.Operations)}}","completions":[{{completions}}],"labels":[{{labels}}]}""";
}

// One step for each operation. A wrong step has a wrong result, does another operation than the problem's, or does not start from the
// result before it. Later steps go on from its result.
IEnumerable<(string Text, bool Right)> Steps((int First, (char Sign, int Number)[] Operations) problem)
{
    var value = problem.First;
    foreach (var (sign, number) in problem.Operations)
    {
        var error = random.NextDouble() < WrongSteps ? random.Next(5) : -1;
        var start = error == 0 ? Other(value, GreatestResult) : value;
        var digit = error == 1 ? Other(number, GreatestDigit) : number;
        var result = Result(start, sign, digit);
        if (error > 1)
            result += (random.Next(2) == 0 ? 1 : -1) * random.Next(1, 4);
        yield return ($"{start} {sign} {digit} = {result}", error < 0);
        value = result;
    }
}

// Another number from 1 to the greatest.
int Other(int number, int greatest)
{
    while (true)
        if (random.Next(1, greatest + 1) is var other && other != number)
            return other;
}
