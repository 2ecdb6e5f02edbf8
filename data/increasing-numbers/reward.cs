// The reward of increasing numbers: how many numbers at the beginning increase, as a share of the words, or of 10 if there are fewer.
// `attune ppo recipes/increasing-numbers-ppo.yaml` starts it.
using System.Globalization;
using System.Text.Json;

const double FewestWords = 10;

while (Console.ReadLine() is { } line)
{
    using var batch = JsonDocument.Parse(line);
    var texts = batch.RootElement.GetProperty("completions").EnumerateArray().Select(text => text.GetString()!);
    var scores = texts.Select(text => Score(text).ToString(CultureInfo.InvariantCulture));
    Console.WriteLine($$"""{"id":{{batch.RootElement.GetProperty("id")}},"scores":[{{string.Join(',', scores)}}]}""");
}

double Score(string text)
{
    var words = text.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries);
    var numbers = words.Select(Number).OfType<double>().ToList();
    var increasing = numbers.TakeWhile((number, i) => i == 0 || number > numbers[i - 1]).Count();
    return increasing / Math.Max(words.Length, FewestWords);
}

double? Number(string word) => double.TryParse(word, CultureInfo.InvariantCulture, out var number) ? number : null;
