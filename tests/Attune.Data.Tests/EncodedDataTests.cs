using System.Text.Json;
using Attune.Data.Encoded;
using Attune.Testing;
using Attune.Text;
using Attune.Text.Trainers;

namespace Attune.Data.Tests;

/// <summary>Data that is encoded on all cores, and kept in memory or in a file.</summary>
public sealed class EncodedDataTests : IDisposable
{
    const int ManyRows = 9000;                                     // more than two blocks

    static readonly Tokenizer Tokenizer = BytePairTrainer.Train(["abc abc def def"], new() { VocabularySize = 270 });

    readonly TemporaryFolder folder = new();
    readonly List<string> notices = [];

    public void Dispose() => folder.Dispose();

    public static TheoryData<string> Types => ["rows", "sources", "comparisons", "triples", "labels", "rewards", "steps", "prompts", "gkd"];

    [Theory]
    [MemberData(nameof(Types))]
    public void Encode_InFile_GivesTheItemsOfMemory(string type)
    {
        switch (type)
        {
            case "rows":
                Compare(Demonstrations(20), Sft);
                break;
            case "sources":
                Compare(Demonstrations(20), Sft, startToken: 7);
                break;
            case "comparisons":
                Compare("""
                    {"prompt": "a", "chosen": "abc", "rejected": "def", "margin": 0.1, "votes": [3, 1]}
                    {"prompt": "b", "chosen": "abc", "rejected": "def", "margin": -0.0, "votes": [2, 1]}
                    """, Single((example, encoder) => encoder.EncodeComparisons(example)));
                break;
            case "triples":
                Compare("""{"prompt": "a", "chosen": "abc", "rejected": "def", "reference": "def abc"}""",
                    Single((example, encoder) => encoder.EncodeComparisons(example, withReference: true)), DataUse.Triples);
                break;
            case "labels":
                Compare("""
                    {"prompt": "a", "completion": "abc", "label": true}
                    {"prompt": "b", "completion": "def", "label": false}
                    """, Single((example, encoder) => encoder.EncodeLabels(example)));
                break;
            case "rewards":
                Compare("""
                    {"prompt": "a", "completion": "abc", "reward": 0.1}
                    {"prompt": "b", "completion": "def", "reward": -1e-300}
                    """, Single((example, encoder) => encoder.EncodeRewards(example)));
                break;
            case "steps":
                Compare("""{"prompt": "a", "completions": ["abc", "def"], "labels": [true, false]}""",
                    Single((example, encoder) => encoder.EncodeSteps((StepwiseExample)example, "\n")));
                break;
            case "prompts":
                Compare("""
                    {"prompt": "a 👍", "answer": "\u00e9", "list": [1, 2.50]}
                    {"prompt": [{"role": "user", "content": "abc"}], "answer": "2", "list": []}
                    """, Single((example, encoder) => encoder.EncodePrompt(example, room: 4)));
                break;
            default:
                Compare(Demonstrations(3), Single((example, encoder) =>
                    new TokenDemonstration(encoder.EncodePrompt(example, 1)!, [1, 70_000])
                    {
                        TeacherPrompt = example.Origin.Line == 2 ? null : new([2], "two"),
                    }));
                break;
        }
    }

    [Fact]
    public void Encode_ManyRows_IsWhatOneThreadReads()
    {
        var file = folder.Write("a.jsonl", Demonstrations(ManyRows));
        var (alone, all) = (NewEncoder(), NewEncoder());
        var (said, expected) = (new List<string>(), new List<string>());
        var one = Dataset.Read(file, Reading(expected)).Select(example => Encode(example, alone)).OfType<TokenRow>().ToList();
        var data = new DataEncoder(all, DataCache.Off).Encode(file, Reading(said), Sft);
        Assert.Equal(one.Select(Json), data.Items.Select(Json));
        Assert.Equal(ManyRows, data.Digest.Rows);
        Assert.Equal(expected, said);
        Assert.Equal(2, said.Count);
        Assert.Equal(alone.Notices, all.Notices);
        Assert.NotEmpty(all.Notices);
        Assert.Equal(
            Dataset.Read(file).Where(example => Encode(example, alone) is not null)
                .Select(example => DataDigest.HashOf(example, DataUse.Demonstrations)),
            data.Hashes);
    }

    [Fact]
    public void Encode_ErrorInALaterRow_IsThatOfOneThread()
    {
        var lines = Demonstrations(ManyRows).Split('\n');
        lines[8000] = """{"text": "abc"}""";
        lines[8500] = "{";
        var file = folder.Write("a.jsonl", string.Join('\n', lines));
        var expected = Assert.Throws<InvalidDataException>(() => Dataset.Read(file).ToList()).Message;
        Assert.Equal(expected, Assert.Throws<InvalidDataException>(() => InFile(file)).Message);
        Assert.Empty(TokenFiles());
    }

    [Fact]
    public void Encode_SecondTime_ReadsTheFileAndSaysTheSame()
    {
        var file = folder.Write("a.jsonl", Demonstrations(40));
        var (first, second) = (NewEncoder(), NewEncoder());
        var (said, again) = (new List<string>(), new List<string>());
        var made = InFile(file, first, said);
        var read = InFile(file, second, again, Refused);
        Assert.Equal(made.Items.Select(Json), read.Items.Select(Json));
        Assert.Equal(made.Hashes, read.Hashes);
        Assert.Equal(made.Digest, read.Digest);
        Assert.Equal(said, again);
        Assert.Equal(first.Notices, second.Notices);
        Assert.NotEmpty(second.Notices);
    }

    [Fact]
    public void Encode_OtherTokenizerContextOrSettings_MakesAnotherFile()
    {
        var file = folder.Write("a.jsonl", Demonstrations(4));
        InFile(file);
        InFile(file, new(Tokenizer, 31));
        InFile(file, new(Tokenizer.WithSpecialTokens(pad: "<other>"), 32));
        InFile(file, encoding: Sft with { Settings = "other" });
        Assert.Equal(4, TokenFiles().Length);
    }

    [Fact]
    public void Encode_DataChanged_MakesTheFileAgainAndRemovesTheOld()
    {
        var file = folder.Write("a.jsonl", Demonstrations(4));
        InFile(file);
        var old = Assert.Single(TokenFiles());
        folder.Write("a.jsonl", Demonstrations(4).Replace("abc", "abd", StringComparison.Ordinal));       // of the same length
        var changed = InFile(file);
        Assert.NotEqual(old, Assert.Single(TokenFiles()));
        Assert.Equal(InMemory(file).Items.Select(Json), changed.Items.Select(Json));
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.5)]
    [InlineData(0.999)]
    public void Encode_DamagedFile_IsMadeAgainWithANotice(double place)
    {
        var file = folder.Write("a.jsonl", Demonstrations(40));
        var expected = InFile(file).Items.Select(Json).ToList();
        var cached = Assert.Single(TokenFiles());
        var bytes = File.ReadAllBytes(cached);
        bytes[(int)(place * bytes.Length)] ^= 1;
        File.WriteAllBytes(cached, bytes);
        Assert.Equal(expected, InFile(file).Items.Select(Json));
        Assert.Contains($"{cached} is damaged; the data is tokenized again", notices);
    }

    [Fact]
    public void Encode_FileCutOff_IsMadeAgain()
    {
        var file = folder.Write("a.jsonl", Demonstrations(40));
        var expected = InFile(file).Items.Select(Json).ToList();
        using (var cut = new FileStream(Assert.Single(TokenFiles()), FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            cut.SetLength(cut.Length / 2);
        Assert.Equal(expected, InFile(file).Items.Select(Json));
    }

    [Fact]
    public void Encode_AfterAProcessWasKilled_RemovesItsUnfinishedFile()
    {
        var file = folder.Write("a.jsonl", Demonstrations(4));
        folder.Write($"{TokenCache.FolderName}/a.tokens.1.unfinished", "half");
        folder.Write($"{TokenCache.FolderName}/a.tokens.1.unfinished.index", "half");
        InFile(file);
        Assert.Single(TokenFiles());
        Assert.Empty(Directory.EnumerateFiles(folder.File(TokenCache.FolderName), "*unfinished*"));
    }

    [Fact]
    public async Task Encode_TwiceAtTheSameTime_MakesTheFileOnce()
    {
        var file = folder.Write("a.jsonl", Demonstrations(4));
        using var begun = new ManualResetEventSlim();
        using var mayEnd = new ManualResetEventSlim();
        var first = Task.Run(() => InFile(file, encoding: ExampleEncoding.Single<TokenRow>((example, encoder) =>
        {
            begun.Set();
            mayEnd.Wait();
            return Encode(example, encoder);
        })), TestContext.Current.CancellationToken);
        begun.Wait(TestContext.Current.CancellationToken);
        var waits = new TaskCompletionSource();
        var second = Task.Run(() => new DataEncoder(NewEncoder(), DataCache.On) { Notify = _ => waits.SetResult() }
            .Encode(file, Reading([]), Refused), TestContext.Current.CancellationToken);
        await waits.Task;
        mayEnd.Set();
        Assert.Equal((await first).Items.Select(Json), (await second).Items.Select(Json));
    }

    [Fact]
    public void Encode_FolderThatCannotBeWritten_UsesTheNext()
    {
        var (data, blocked, other) = (folder.Write("a.jsonl", Demonstrations(4)), folder.Write("blocked", ""), folder.File("other"));
        new DataEncoder(NewEncoder(), DataCache.On) { Folders = [blocked, other] }.Encode(data, Reading([]), Sft);
        Assert.Single(TokenCache.Files(other));
        Assert.Equal("*\n", File.ReadAllText(Path.Combine(other, ".gitignore")));
        var message = Assert.Throws<IOException>(() =>
            new DataEncoder(NewEncoder(), DataCache.On) { Folders = [blocked] }.Encode(data, Reading([]), Sft)).Message;
        Assert.Contains("data.cache: off", message);
    }

    [Fact]
    public void Encode_AutoWithSmallData_StaysInMemory()
    {
        new DataEncoder(NewEncoder()).Encode(folder.Write("a.jsonl", Demonstrations(4)), Reading([]), Sft);
        Assert.Empty(TokenFiles());
    }

    [Fact]
    public void Encode_DataChangesWhileItIsRead_IsAnError()
    {
        var file = folder.Write("a.jsonl", Demonstrations(4));
        var encoding = ExampleEncoding.Single<TokenRow>((example, encoder) =>
        {
            File.AppendAllText(file, "\n");
            return Encode(example, encoder);
        });
        var message = Assert.Throws<InvalidDataException>(() => InFile(file, encoding: encoding)).Message;
        Assert.Contains("was changed while it was read", message);
        Assert.Empty(TokenFiles());
    }

    void Compare<T>(string lines, ExampleEncoding<T> encoding, DataUse use = DataUse.Any, int? startToken = null) where T : class
    {
        var file = folder.Write("a.jsonl", lines);
        var expected = Items(DataCache.Off);
        Assert.NotEmpty(expected);
        Assert.Equal(expected, Items(DataCache.On));
        Assert.Equal(expected, Items(DataCache.On));

        List<string> Items(DataCache cache) =>
        [
            .. new DataEncoder(new(Tokenizer, 100, startToken: startToken), cache).Encode(file, new() { Use = use }, encoding)
                .Items.Select(Json),
        ];
    }

    EncodedData<TokenRow> InFile(
        string file, TextEncoder? encoder = null, List<string>? said = null, ExampleEncoding<TokenRow>? encoding = null) =>
        new DataEncoder(encoder ?? NewEncoder(), DataCache.On) { Notify = notices.Add }.Encode(file, Reading(said ?? []), encoding ?? Sft);

    static EncodedData<TokenRow> InMemory(string file) => new DataEncoder(NewEncoder(), DataCache.Off).Encode(file, Reading([]), Sft);

    string[] TokenFiles() => [.. TokenCache.Files(folder.File(TokenCache.FolderName)).Select(file => file.Path)];

    static ReadOptions Reading(List<string> said) => new() { Use = DataUse.Demonstrations, Notice = said.Add, Recognised = said.Add };

    static TextEncoder NewEncoder() => new(Tokenizer, 32);

    static ExampleEncoding<TokenRow> Sft => Single(Encode);

    static ExampleEncoding<TokenRow> Refused => Single<TokenRow>((_, _) => throw new InvalidOperationException("encoded again"));

    static ExampleEncoding<T> Single<T>(Func<Example, TextEncoder, T?> encode) where T : class => ExampleEncoding.Single<T>(encode);

    static TokenRow? Encode(Example example, TextEncoder encoder) => encoder.EncodeDemonstration((Demonstration)example);

    static string Json<T>(T item) => JsonSerializer.Serialize(item);

    /// <summary>Demonstrations of different lengths, some of which are cut or left out, with a field that is not used.</summary>
    static string Demonstrations(int count) => string.Join('\n', Enumerable.Range(0, count).Select(row => JsonSerializer.Serialize(new
    {
        prompt = $"abc {row}",
        completion = row % 7 == 6 ? "" : string.Concat(Enumerable.Repeat("def abc ", row % 11)) + "x",
        topic = row % 5 == 0 ? "t" : "",
    })));
}
