// Makes the files of this folder: `dotnet run data/guessing-game/make.cs`. README.md describes them.
const int Texts = 3000, Greatest = 16, MostTurns = 10, Seed = 15;
const double Forgetful = 0.5;                                   // the share of guesses that ignore the replies so far
var folder = args.FirstOrDefault() ?? "data/guessing-game";
var random = new Random(Seed);

File.WriteAllLines(
    Path.Combine(folder, "texts.jsonl"), Enumerable.Range(0, Texts).Select(_ => $$"""{"text":"{{Game(random.Next(1, Greatest + 1))}}"}"""));
File.WriteAllLines(
    Path.Combine(folder, "prompts.jsonl"),
    Enumerable.Range(1, Greatest).Select(number => $$"""{"prompt":"number :","number":{{number}}}"""));

// A game of somebody who often forgets what the replies were.
string Game(int number)
{
    var (text, low, high) = ("number :", 1, Greatest);
    for (var turn = 0; turn < MostTurns; turn++)
    {
        var guess = random.NextDouble() < Forgetful ? random.Next(1, Greatest + 1) : random.Next(low, high + 1);
        text += $" {guess} ?";
        if (guess == number)
            return text + " right";
        text += guess < number ? " higher" : " lower";
        (low, high) = guess < number ? (Math.Max(low, guess + 1), high) : (low, Math.Min(high, guess - 1));
    }
    return text;
}
