// Makes the texts and prompts of this folder: `dotnet run data/increasing-numbers/make.cs`. README.md describes them.
const string Prompt = "Let us generate some numbers";
const int Texts = 2000, Fewest = 5, Most = 19, Greatest = 99, Seed = 8;
var folder = args.FirstOrDefault() ?? "data/increasing-numbers";
var random = new Random(Seed);

string Numbers() => string.Concat(Enumerable.Range(0, random.Next(Fewest, Most + 1)).Select(_ => $" {random.Next(Greatest + 1)}"));

File.WriteAllLines(Path.Combine(folder, "texts.jsonl"), Enumerable.Range(0, Texts).Select(_ => $$"""{"text":"{{Prompt}}{{Numbers()}}"}"""));
File.WriteAllLines(Path.Combine(folder, "prompts.jsonl"), [$$"""{"prompt":"{{Prompt}}"}"""]);
