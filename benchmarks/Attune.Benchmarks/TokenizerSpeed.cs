using Attune.Data;
using Attune.Text;
using Attune.Text.Trainers;

namespace Attune.Benchmarks;

/// <summary>How many characters of text a byte-level BPE tokenizer encodes in a second, on one core.</summary>
static class TokenizerSpeed
{
    const int Runs = 9;
    const int VocabularySize = 16_384;

    /// <summary>
    /// Trains a tokenizer on the documents of a file and on the same with shuffled words, then encodes them one by one.
    /// </summary>
    public static void Measure(string path, TextWriter output)
    {
        var documents = Dataset.Read(path).OfType<Document>().Select(document => document.Text).ToArray();
        var random = new Random(1);
        var shuffled = documents.Select(text => ShuffleWords(text, random)).ToArray();
        var tokenizer = BytePairTrainer.Train(documents.Concat(shuffled), new() { VocabularySize = VocabularySize });

        output.WriteLine($"byte-level BPE with GPT-2's pattern, {tokenizer.VocabularySize} tokens; the median of {Runs} runs on one core");
        Report("text whose words are in the cache", documents, () => tokenizer);
        Report("the same with an empty cache", documents, () => tokenizer.WithChatTemplate(null));
        Report("new words: their letters shuffled, an empty cache", shuffled, () => tokenizer.WithChatTemplate(null));

        void Report(string what, string[] texts, Func<Tokenizer> prepare)
        {
            var seconds = Enumerable.Range(0, Runs).Select(_ => Seconds(prepare(), texts)).Order().ElementAt(Runs / 2);
            var characters = texts.Sum(text => (long)text.Length);
            output.WriteLine($"{characters / seconds / 1e6,6:0.0} million characters a second: {what}");
        }
    }

    static double Seconds(Tokenizer tokenizer, string[] texts)
    {
        var start = Environment.CpuUsage.TotalTime;
        foreach (var text in texts)
            tokenizer.Encode(text);
        return (Environment.CpuUsage.TotalTime - start).TotalSeconds;
    }

    /// <summary>Shuffles the letters of every word, so that words have the length of English ones and few are repeated.</summary>
    static string ShuffleWords(string text, Random random)
    {
        var letters = text.ToCharArray();
        for (var start = 0; start < letters.Length;)
        {
            var length = letters.AsSpan(start).IndexOf(' ') is >= 0 and var found ? found : letters.Length - start;
            random.Shuffle(letters.AsSpan(start, length));
            start += length + 1;
        }
        return new(letters);
    }
}
