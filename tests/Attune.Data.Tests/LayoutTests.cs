using System.Text;
using System.Text.Json;
using Attune.Testing;
using Attune.Text;

namespace Attune.Data.Tests;

/// <summary>The layouts of other programs, fields that are not used, and reading with other names.</summary>
public sealed class LayoutTests : IDisposable
{
    const string System = """{"role":"system","content":"s"}""";
    const string User = """{"role":"user","content":"q"}""";
    const string Good = """{"role":"assistant","content":"a"}""";
    const string Bad = """{"role":"assistant","content":"b"}""";

    readonly TemporaryFolder folder = new();
    readonly List<string> notices = [];

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("""{"instruction":"q","input":"","output":"a","text":"Below is …"}""", "user: q|assistant: a")]
    [InlineData("""{"instruction":"Add","input":"1 and 2","output":"3"}""", "user: Add\n\n1 and 2|assistant: 3")]
    [InlineData("""{"instruction":"q","output":"a","system":"s"}""", "system: s|user: q|assistant: a")]
    [InlineData("""{"instruction":"q","context":"c","response":"a","category":"qa"}""", "user: q\n\nc|assistant: a")]
    [InlineData("""{"conversations":[{"from":"system","value":"s"},{"from":"human","value":"q"},{"from":"gpt","value":"a"}]}""",
        "system: s|user: q|assistant: a")]
    [InlineData("""{"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}],"system":"s"}""",
        "system: s|user: q|assistant: a")]
    [InlineData("""{"query":"q","response":"a"}""", "user: q|assistant: a")]
    [InlineData("""{"question":"q","answer":"6 / 2 = 3\n#### 3"}""", "user: q|assistant: 6 / 2 = 3\n#### 3")]
    [InlineData("""{"prompt":"q","completion":[{"role":"assistant","content":"a"}]}""", "user: q|assistant: a")]
    [InlineData("""{"prompt":[{"role":"user","content":"q"}],"completion":"a"}""", "user: q|assistant: a")]
    public void Read_ConversationsOfOtherPrograms_BecomeMessages(string line, string expected) =>
        Assert.Equal(expected, Written(Assert.IsType<ChatExample>(Only(line)).Messages));

    [Theory]
    [InlineData($$"""{"prompt":"q","chosen":[{{User}},{{Good}}],"rejected":[{{User}},{{Bad}}],"messages":[{{User}},{{Good}}],"id":8.0}""",
        "user: q")]
    [InlineData($$"""{"prompt":"q","chosen":[{{Good}}],"rejected":[{{Bad}}]}""", "user: q")]
    [InlineData($$"""{"prompt":[{{User}}],"chosen":[{{User}},{{Good}}],"rejected":[{{User}},{{Bad}}]}""", "user: q")]
    [InlineData($$"""{"prompt":[{{User}}],"chosen":"a","rejected":"b"}""", "user: q")]
    [InlineData("""{"system":"s","question":"q","chosen":"a","rejected":"b"}""", "system: s|user: q")]
    [InlineData("""{"system":"","question":"q","chosen":"a","rejected":"b"}""", "user: q")]
    [InlineData($$"""{"prompt":"q","chosen":[{{System}},{{User}},{{Good}}],"rejected":[{{System}},{{User}},{{Bad}}]}""",
        "system: s|user: q")]
    public void Read_PairsOfConversations_SeparateThePrompt(string line, string prompt)
    {
        var pair = Assert.IsType<ChatComparisonExample>(Only(line));
        Assert.Equal(prompt, Written(pair.Prompt.Messages));
        Assert.Equal(["assistant: a", "assistant: b"], pair.Completions.Select(Written));
    }

    [Fact]
    public void Read_PairThatBeginsWithAnotherQuestion_IsRefused() =>
        Assert.Contains("line 1: 'chosen' must be a response, or a whole conversation that begins with the prompt",
            Refused($$"""{"prompt":"another","chosen":[{{User}},{{Good}}],"rejected":[{{User}},{{Bad}}]}"""));

    [Fact]
    public void Read_ScoresOfResponses_BecomeRanks()
    {
        var ranking = Assert.IsType<ComparisonExample>(Only("""{"prompt":"q","responses":["a","b","c"],"scores":[0.5,2,0.5]}"""));
        Assert.Equal([1, 0, 1], ranking.Comparisons.Ranks!);
        Assert.Equal([0.5, 2, 0.5], ranking.Comparisons.Scores!);
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("0", false)]
    [InlineData("\"False\"", false)]
    public void Read_KtoRow_HasItsLabel(string label, bool expected)
    {
        var row = Assert.IsType<LabelledExample>(Only($$"""{"prompt":"q","completion":"a","label":{{label}}}"""));
        Assert.Equal(("a", expected), (Assert.IsType<Demonstration>(row.Response).Completion, row.Label));
    }

    [Fact]
    public void Read_StepwiseRow_HasALabelForEachStep()
    {
        var row = Assert.IsType<StepwiseExample>(Only("""{"prompt":"q","completions":["a","b"],"labels":[true,false]}"""));
        Assert.Equal([true, false], row.Labels);
        Assert.Contains("(was 1 for 2)", Refused("""{"prompt":"q","completions":["a","b"],"labels":[true]}"""));
    }

    [Theory]
    [InlineData("""{"text":null}""", "line 1: `text` is null")]
    [InlineData("""{"prompt":"a","completion":null}""", "line 1: `completion` is null")]
    [InlineData("""{"prompt":null,"completion":"a"}""", "line 1: `prompt` is null")]
    [InlineData("""{"messages":null}""", "line 1: `messages` is null")]
    [InlineData("""{"prompt":"a","completion":"b","label":null}""", "line 1: `label` is null")]
    [InlineData("""{"prompt":"q","completion":"a","ranks":[0]}""", "does not read `ranks`; `data.ignore: [ranks]` leaves it out")]
    [InlineData("""{"question":"q","chosen":"a"}""", "For question, chosen, rejected, `rejected` is missing")]
    [InlineData("""{"title":"q","body":"a"}""", "`data.columns: {prompt: …, completion: …}` says which field is which")]
    [InlineData("""{"conversations":[{"from":"narrator","value":"x"}]}""", "'from' must be human, gpt, system or tool (was \"narrator\")")]
    public void Read_RowThatMatchesNoLayout_NamesTheField(string line, string expected) => Assert.Contains(expected, Refused(line));

    [Fact]
    public void Read_NullInALaterLine_IsNamedByItsLine()
    {
        var path = folder.Write("n2.jsonl", "{\"prompt\":\"a\",\"completion\":\"b\"}\n{\"prompt\":\"a\",\"completion\":null}\n");
        Assert.Contains("line 2: `completion` is null", Assert.Throws<InvalidDataException>(() => Dataset.Read(path).ToList()).Message);
    }

    [Theory]
    [InlineData("""{"prompt":"q","completion":"a","label":false}""", DataUse.Demonstrations,
        "line 1: x reads demonstrations (`prompt` and `completion`; or `messages`); the fields prompt, completion, label are "
        + "labelled responses, which y reads. `data.ignore: [label]` leaves the labels out")]
    [InlineData("""{"prompt":"q","chosen":"a","rejected":"b"}""", DataUse.Demonstrations,
        "comparisons, which y reads. `data.side: chosen` reads the better responses only.")]
    [InlineData("""{"prompt":"q"}""", DataUse.Demonstrations, "the fields prompt are prompts, which y reads.")]
    [InlineData("""{"prompt":"q","completion":"a","label":true}""", DataUse.Prompts, "x would not use `label`")]
    [InlineData("""{"prompt":"q","responses":["a","b"],"scores":[1,2]}""", DataUse.Prompts, "x would not use `responses`")]
    [InlineData("""{"system":"s","chosen":"q a","rejected":"q b"}""", DataUse.Comparisons,
        "x would not use `system` beside chosen, rejected. It is read with: conversations (y); question, chosen, rejected (y);")]
    [InlineData("""{"prompt":"q","completion":"a","tools":[{"name":"f"}]}""", DataUse.Demonstrations,
        "x would not use `tools` beside prompt, completion. It is read with: messages, reward (y); messages (y).")]
    [InlineData("""{"prompt":"q","completion":"a","images":["x.png"]}""", DataUse.Demonstrations,
        "No layout reads it: models read text only.")]
    [InlineData("""{"prompt":"q","completions":["a","b"],"labels":[true,false]}""", DataUse.Comparisons, "responses in labelled steps")]
    [InlineData("""{"prompt":"q","chosen":"a","rejected":"b","margin":2}""", DataUse.Prompts, "would not use `margin`")]
    [InlineData("""{"prompt":"q","chosen":"a","rejected":"b"}""", DataUse.Triples,
        "x reads comparisons with a gold response (`prompt`, `chosen`, `rejected` and `reference`); the fields prompt, chosen, rejected "
        + "are comparisons, which y reads.")]
    public void Read_ForAUse_RefusesWhatItWouldMisread(string line, DataUse use, string expected) =>
        Assert.Contains(expected, Refused(line, For(use)));

    [Theory]
    [InlineData("""{"prompt":"q","completion":"a","label":false}""", DataUse.Demonstrations)]
    [InlineData("""{"prompt":"q","completion":"a","label":false}""", DataUse.Prompts)]
    public void Read_IgnoredField_IsAsIfItWereNotThere(string line, DataUse use)
    {
        Assert.IsType<Demonstration>(Only(line, For(use) with { Ignore = ["label"] }));
        Assert.DoesNotContain(notices, notice => notice.Contains("label", StringComparison.Ordinal));
    }

    [Fact]
    public void Read_FieldsWithoutAMeaning_AreNamedOnceAFile()
    {
        var line = """{"prompt":"q","completion":"a","id":7,"source":"web","tools":[],"system":null}""";
        var path = folder.Write("many.jsonl", $"{line}\n{line}\n");
        Assert.Equal(2, Dataset.Read(path, For(DataUse.Demonstrations)).Count());
        Assert.Equal([$"{path}: x does not use `id`, `source`"], notices);
    }

    [Fact]
    public void Read_FilesOfAFolder_SayWhatTheyWereReadAs()
    {
        var path = Directory.CreateDirectory(folder.File("shards")).FullName;
        foreach (var name in new[] { "a.jsonl", "b.jsonl" })
            File.WriteAllText(Path.Combine(path, name), """{"instruction":"q","output":"a","input":""}""" + "\n");
        File.WriteAllText(Path.Combine(path, "c.jsonl"), """{"prompt":"q","chosen":"a","rejected":"b"}""" + "\n");
        var said = new List<string>();
        Assert.Equal(3, Dataset.Read(path, new() { Recognised = said.Add }).Count());
        Assert.Equal([$"{path}: 2 rows in 2 files read as demonstrations (instruction, output)",
            $"{path}: 1 row in 1 file read as comparisons (prompt, chosen, rejected)"], said);
        said.Clear();
        Assert.Single(Dataset.Read(Path.Combine(path, "c.jsonl"), For(DataUse.Prompts) with { Recognised = said.Add }));
        Assert.Equal([$"{Path.Combine(path, "c.jsonl")}: 1 row read as prompts (prompt)"], said);
    }

    [Theory]
    [InlineData(PairChoice.All, 0, "1>0 2>0 2>1 3>0 3>1")]
    [InlineData(PairChoice.BestAndWorst, 0, "2>0")]
    [InlineData(PairChoice.All, 1.5, "2>0 3>0 2>1 3>1")]
    [InlineData(PairChoice.All, 2, "2>0 3>0")]
    [InlineData(PairChoice.BestAndWorst, 3, "")]
    public void Read_PairsAndMargin_ChooseComparisonsOfScores(PairChoice pairs, double margin, string expected)
    {
        foreach (var line in new[]
        {
            """{"prompt":"q","responses":["a","b","c","d"],"scores":[1,1.5,3,3]}""",
            $$"""{"prompt":[{{User}}],"completions":["a","b","c","d"],"scores":[1,1.5,3,3]}""",
        })
        {
            var example = Only(line, For(DataUse.Comparisons) with { Pairs = pairs, MinMargin = margin });
            var set = example is ComparisonExample texts ? texts.Comparisons : ((ChatComparisonExample)example).Comparisons;
            Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(),
                set.Comparisons.Select(pair => $"{pair.Chosen}>{pair.Rejected}").Order());
        }
    }

    [Fact]
    public void Read_PairsWithStrength_AreChosenByIt()
    {
        var options = For(DataUse.Comparisons) with { MinMargin = 2 };
        var line = """{"prompt":"q","chosen":"a","rejected":"b","strength":"significantly better"}""";
        Assert.Single(((ComparisonExample)Only(line, options)).Comparisons.Comparisons);
        Assert.Empty(((ComparisonExample)Only(line.Replace("significantly", "slightly", StringComparison.Ordinal), options))
            .Comparisons.Comparisons);
    }

    [Theory]
    [InlineData("""{"prompt":"q","completions":["a","b","c"],"pairs":[{"better":0,"worse":1},{"better":0,"worse":2}]}""", 0,
        "`data.pairs: bestAndWorst` needs `ranks` or `scores`")]
    [InlineData("""{"prompt":"q","chosen":"a","rejected":"b"}""", 1, "`data.minMargin` needs `scores`, `strength` or `margin`")]
    public void Read_PairsAndMarginOfDataWithoutThem_AreRefused(string line, double margin, string expected) => Assert.Contains(
        expected, Refused(line, For(DataUse.Comparisons) with { Pairs = PairChoice.BestAndWorst, MinMargin = margin }));

    [Theory]
    [InlineData("""{"prompt":"q","chosen":"a","rejected":"b","reference":"c"}""", "c")]
    [InlineData($$"""{"prompt":[{{User}}],"chosen":[{{Good}}],"rejected":[{{Bad}}],"reference":"c"}""", "assistant: c")]
    [InlineData($$"""{"prompt":"q","chosen":"a","rejected":"b","reference":[{{Good}}]}""", "assistant: a")]
    [InlineData($$"""{"prompt":[{{User}}],"chosen":[{{User}},{{Good}}],"rejected":[{{User}},{{Bad}}],"reference":[{{User}},{{Good}}]}""",
        "assistant: a")]
    public void Read_GoldResponse_IsReadByTheMethodThatNeedsIt(string line, string reference)
    {
        foreach (var use in new[] { DataUse.Triples, DataUse.Any })
            Assert.Equal(reference, ReferenceOf(Only(line, For(use))));
        Assert.Empty(notices);
        Assert.Null(ReferenceOf(Only(line, For(DataUse.Comparisons))));
        Assert.EndsWith("x does not use `reference`", Assert.Single(notices));

        static string? ReferenceOf(Example example) => example is ComparisonExample texts
            ? texts.Reference
            : ((ChatComparisonExample)example).Reference is { } messages ? Written(messages) : null;
    }

    [Fact]
    public void Read_FieldThatARewardReads_IsUsed()
    {
        Only("""{"prompt":"q","label":"4","note":"n"}""", For(DataUse.Prompts) with { AlsoRead = ["label", "note"] });
        Assert.Empty(notices);
    }

    [Fact]
    public void Read_Columns_GiveFieldsOtherNames()
    {
        var columns = new Dictionary<string, string> { ["prompt"] = "question", ["completion"] = "solution" };
        var options = For(DataUse.Demonstrations) with { Columns = columns };
        var example = Assert.IsType<Demonstration>(Only("""{"question":"q","solution":"a","prompt":"not this"}""", options));
        Assert.Equal(("q", "a"), (example.Prompt, example.Completion));
        Assert.Equal("not this", example.Row!.Text("prompt"));
        Assert.Contains("line 1: there is no field `solution`, which `data.columns` names for `completion`",
            Refused("""{"question":"q","text":"a"}""", options));
        Assert.Contains("'promt' is not a field of any layout. Did you mean 'prompt'?",
            Refused("""{"question":"q"}""", new() { Columns = new Dictionary<string, string> { ["promt"] = "question" } }));
    }

    [Theory]
    [InlineData("""{"prompt":"q","chosen":"a","rejected":"b","margin":2}""", "a", "b")]
    [InlineData("""{"prompt":"q","chosen":"b","rejected":"a","votes":[1,3]}""", "a", "b")]
    [InlineData("""{"prompt":"q","completions":["c","a","b"],"ranks":[1,0,2]}""", "a", "b")]
    [InlineData("""{"prompt":"q","responses":["b","a"],"scores":[1,5]}""", "a", "b")]
    public void Read_Side_MakesDemonstrations(string line, string chosen, string rejected)
    {
        var options = For(DataUse.Demonstrations);
        Assert.Equal(chosen, Assert.IsType<Demonstration>(Only(line, options with { Side = PairSide.Chosen })).Completion);
        Assert.Equal(rejected, Assert.IsType<Demonstration>(Only(line, options with { Side = PairSide.Rejected })).Completion);
    }

    [Fact]
    public void Read_SideOfConversations_IsAConversation()
    {
        var options = For(DataUse.Demonstrations) with { Side = PairSide.Chosen };
        var chat = Assert.IsType<ChatExample>(Only("""{"system":"s","question":"q","chosen":"a","rejected":"b"}""", options));
        Assert.Equal("system: s|user: q|assistant: a", Written(chat.Messages));
        Assert.Equal(2, chat.PromptCount);
        Assert.Contains("`data.side` needs comparisons", Refused("""{"prompt":"q","completion":"a"}""", options));
    }

    [Fact]
    public void Read_TranscriptsThatShareNothing_AreRefused()
    {
        var same = """{"chosen":"Good day. Yes","rejected":"Good day. No"}""";
        var path = folder.Write("mixed.jsonl", $"{same}\n{same}\n{{\"chosen\":\"yes\",\"rejected\":\"no\"}}\n");
        Assert.Equal("", ((ComparisonExample)Dataset.Read(path).Last()).Prompt);
        Assert.Contains("in 1 of 1 rows (the first: line 1)", Refused("""{"chosen":"yes","rejected":"no"}"""));
    }

    [Fact]
    public void Read_FourHundredEmoji_LosesNoCharacter()
    {
        var lines = Enumerable.Range(0x1F300, 400).Select(code => JsonSerializer.Serialize(
            new { chosen = $"How was the trip? {(Rune)code}", rejected = $"How was the trip? {(Rune)(code + 1)}" }));
        var rows = Dataset.Read(folder.Write("emoji.jsonl", string.Join('\n', lines))).Cast<ComparisonExample>().ToList();
        Assert.All(rows, row =>
        {
            Assert.Equal("How was the trip?", row.Prompt);
            Assert.Equal([row.Row!.Text("chosen"), row.Row.Text("rejected")], row.Completions.Select(text => row.Prompt + text));
            Assert.DoesNotContain(row.Completions, text => text.Contains('\uFFFD') || char.IsLowSurrogate(text[0]));
        });
        Assert.Equal(400, rows.Count);
    }

    [Theory]
    [InlineData("mood? 😀", "mood? 😁", "mood?", " 😀", " 😁")]
    [InlineData("hi 👩‍🚀", "hi 👩‍🔬", "hi", " 👩‍🚀", " 👩‍🔬")]
    [InlineData("a cafe\u0301 a", "a cafe\u0300 b", "a", " cafe\u0301 a", " cafe\u0300 b")]
    [InlineData("अब नमस्ते", "अब नमस्कार", "अब", " नमस्ते", " नमस्कार")]
    [InlineData("it doesn't", "it doesn’t", "it", " doesn't", " doesn’t")]
    [InlineData("Where is the gull? On the mast", "Where is the gull? On the mast of the ferry", "Where is the gull? On the", " mast",
        " mast of the ferry")]
    [InlineData("Q? A", "Q? A B", "Q?", " A", " A B")]
    [InlineData("今天很好", "今天很好吗", "今天很", "好", "好吗")]
    [InlineData("今天很好", "今天很坏", "今天很", "好", "坏")]
    [InlineData("\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:", "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: d",
        "\n\nHuman: a\n\nAssistant:", " b\n\nHuman: c\n\nAssistant:", " b\n\nHuman: c\n\nAssistant: d")]
    [InlineData("Hi", "Hi there", "", "Hi", "Hi there")]
    public void ToExample_TranscriptsThatPartInsideACharacterOrWord_KeepItWhole(
        string chosen, string rejected, string prompt, string first, string second)
    {
        var pair = Assert.IsType<ComparisonExample>(Dataset.ToExample(new(
            new("pair.jsonl", 1), JsonSerializer.SerializeToElement(new { chosen, rejected }))));
        Assert.Equal((prompt, first, second), (pair.Prompt, pair.Completions[0], pair.Completions[1]));
    }

    [Theory]
    [InlineData("""{"prompt":"q","completion":"a"}""")]
    [InlineData("""{"prompt":"q","completion":"a","label":true}""")]
    [InlineData("""{"prompt":"q","chosen":"a","rejected":"b","margin":2,"votes":[3,1],"sources":["x","y"]}""")]
    [InlineData("""{"prompt":"q","chosen":"a","rejected":"b","reference":"c"}""")]
    [InlineData("""{"prompt":"q","completions":["a","b"],"ranks":[1,0],"margin":2}""")]
    [InlineData("""{"prompt":"q","completions":["a","b","c"],"pairs":[{"better":0,"worse":2,"margin":1}]}""")]
    [InlineData("""{"prompt":"q","responses":["a","b"],"scores":[0.5,1]}""")]
    [InlineData("""{"prompt":"q","completions":["a","b"],"labels":[true,false]}""")]
    [InlineData($$"""{"messages":[{{User}},{{Good}}],"tools":[{"name":"f"}]}""")]
    [InlineData($$"""{"prompt":[{{User}}],"chosen":[{{Good}}],"rejected":[{{Bad}}]}""")]
    [InlineData($$"""{"prompt":[{{User}}],"chosen":[{{Good}}],"rejected":[{{Bad}}],"reference":[{{Good}}]}""")]
    [InlineData($$"""{"prompt":[{{User}}]}""")]
    [InlineData("""{"text":"a"}""")]
    public void ToJson_RowOfOurOwn_IsWrittenAsItWas(string line) =>
        Assert.Equal(line, ExampleWriter.ToJson(Only(line)).ToJsonString());

    [Fact]
    public void ToJson_PairWithTheOtherMajority_IsTurned() =>
        Assert.Equal("""{"prompt":"q","chosen":"b","rejected":"a","votes":[3,1],"sources":["y","x"]}""",
            ExampleWriter.ToJson(Only("""{"prompt":"q","chosen":"a","rejected":"b","votes":[1,3],"sources":["x","y"]}""")).ToJsonString());

    [Fact]
    public void HashOf_SameTextsInOtherLayouts_IsTheSame()
    {
        string[] lines = ["""{"chosen":"Why? A","rejected":"Why? B"}""", """{"prompt":"Why?","chosen":" B","rejected":" A","id":1}"""];
        Assert.Single(lines.Select(line => DataDigest.HashOf(Only(line), DataUse.Comparisons)).Distinct());
    }

    ReadOptions For(DataUse use) => new()
    {
        Use = use,
        Reader = "x",
        Methods = found => found == DataUse.Any ? [] : ["y"],
        Notice = notices.Add,
    };

    string Refused(string line, ReadOptions? options = null) =>
        Assert.Throws<InvalidDataException>(() => Only(line, options)).Message;

    Example Only(string line, ReadOptions? options = null) =>
        Dataset.Read(folder.Write("only.jsonl", line + "\n"), options).ToList().Single();

    static string Written(IEnumerable<Message> messages) =>
        string.Join('|', messages.Select(message => $"{message.Role}: {message.Fields.GetProperty("content").GetString()}"));
}
