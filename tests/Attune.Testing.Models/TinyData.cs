using Attune.Text;
using Attune.Text.Trainers;

namespace Attune.Testing.Models;

/// <summary>A few small data files and a tokenizer, for quick runs.</summary>
public static class TinyData
{
    static readonly string[] Animals = ["cat", "dog", "bird", "fish", "horse", "cow"];
    static readonly string[] Sounds = ["meow", "woof", "tweet", "blub", "neigh", "moo"];

    public static Tokenizer Tokenizer { get; } = BytePairTrainer.Train(
        Enumerable.Range(0, 36).Select(Text), new() { VocabularySize = 300, MinFrequency = 2 });

    /// <summary>The tokenizer of an encoder: lower-cased words, <c>[CLS] text [SEP]</c>.</summary>
    public static Tokenizer WordPieces { get; } =
        WordPieceTrainer.Train(Enumerable.Range(0, 36).Select(Text), new() { VocabularySize = 60 });

    /// <summary>{"text"}</summary>
    public static string Documents(TemporaryFolder folder) => folder.Write("documents.jsonl", Lines(i => $$"""{"text":"{{Text(i)}}"}"""));

    /// <summary>{"prompt","completion"}</summary>
    public static string Demonstrations(TemporaryFolder folder) =>
        folder.Write("demonstrations.jsonl", Lines(
            i => $$"""{"prompt":"The {{Animal(i)}} says","completion":" {{Sound(i)}} {{Sound(i + 1)}}."}"""));

    /// <summary>{"prompt","completions","ranks"}</summary>
    public static string Rankings(TemporaryFolder folder) =>
        folder.Write("rankings.jsonl", Lines(
            i => $$"""{"prompt":"The {{Animal(i)}} says","completions":[" {{Sound(i)}}."," {{Sound(i + 1)}}."," no"],"ranks":[0,1,2]}"""));

    /// <summary>{"prompt","completion","label"}: every second response is good.</summary>
    public static string Labels(TemporaryFolder folder) =>
        folder.Write("labels.jsonl", Lines(
            i => $$"""{"prompt":"The {{Animal(i / 2)}} says","completion":" {{Sound(i / 2 + i % 2)}}.","label":{{1 - i % 2}}}"""));

    /// <summary>{"prompt","completion","reward"}: of two responses to each prompt one has the reward 1, the other 0.</summary>
    public static string Rewards(TemporaryFolder folder) =>
        folder.Write("rewards.jsonl", Lines(i => i / 6 % 2 == 0 ? Rewarded(i, " yes", 1) : Rewarded(i, " no", 0)));

    static string Rewarded(int i, string completion, int reward) =>
        $$"""{"prompt":"The {{Animal(i)}} says","completion":"{{completion}}","reward":{{reward}}}""";

    /// <summary>{"prompt","completions","labels"}: a step is right unless it is "no", as every other second one is.</summary>
    public static string Steps(TemporaryFolder folder)
    {
        return folder.Write("steps.jsonl", Lines(i =>
            $$"""{"prompt":"The {{Animal(i)}} says","completions":["{{Sound(i)}}","{{Second(i)}}"],"labels":[true,{{Label(i)}}]}"""));

        static string Second(int i) => i / 6 % 2 == 0 ? Sound(i + 1) : "no";

        static string Label(int i) => i / 6 % 2 == 0 ? "true" : "false";
    }

    /// <summary>{"prompt","chosen","rejected","reference"}</summary>
    public static string Triples(TemporaryFolder folder) =>
        folder.Write("triples.jsonl", Lines(
            i => $$"""{"prompt":"The {{Animal(i)}} says","chosen":" {{Sound(i)}}.","rejected":" no","reference":" {{Sound(i)}}!"}"""));

    /// <summary>{"prompt"}</summary>
    public static string Prompts(TemporaryFolder folder) =>
        folder.Write("prompts.jsonl", Lines(i => $$"""{"prompt":"The {{Animal(i)}} says"}"""));

    static string Lines(Func<int, string> line) => string.Concat(Enumerable.Range(0, 36).Select(i => line(i) + "\n"));

    static string Text(int i) => $"The {Animal(i)} says {Sound(i)} and the {Animal(i / 6)} says {Sound(i / 6)}.";

    static string Animal(int i) => Animals[i % Animals.Length];

    static string Sound(int i) => Sounds[i % Sounds.Length];
}
