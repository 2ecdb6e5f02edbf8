using System.IO.Compression;
using System.Text;
using Attune.Testing;

namespace Attune.Data.Tests;

public sealed class DatasetTests : IDisposable
{
    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void EveryLayoutIsKnownByTheNamesOfItsFields()
    {
        Assert.Equal("a", Assert.IsType<Document>(Only("""{"text":"a"}""")).Text);
        Assert.Equal("q", Assert.IsType<PromptOnly>(Only("""{"prompt":"q","id":7}""")).Prompt);
        Assert.Equal("a", Assert.IsType<Demonstration>(Only("""{"prompt":"q","completion":"a"}""")).Completion);
        var dialogue =
            Assert.IsType<ChatExample>(Only("""{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}"""));
        Assert.Equal([new("user", "q"), new("assistant", "a")], dialogue.Messages);
        var ranking = Assert.IsType<ComparisonExample>(Only("""{"prompt":"q","completions":["a","b","c"],"ranks":[1,0,1]}"""));
        Assert.Equal([1, 0, 1], ranking.Comparisons.Ranks!);
        var pair = Assert.IsType<ComparisonExample>(Only("""{"prompt":"q","chosen":"a","rejected":"b"}"""));
        Assert.Equal(["a", "b"], pair.Completions);
        Assert.Equal([0, 1], pair.Comparisons.Ranks!);
    }

    [Fact]
    public void MessagesKeepWhateverElseTheyHoldAndMayBePromptAndAnswers()
    {
        const string Call = """{"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f"}}]}""";
        var dialogue =
            Assert.IsType<ChatExample>(Only("""{"messages":[{"role":"user","content":[{"type":"text","text":"q"}],"name":"Kim"},""" + Call
                + """],"tools":"[{\"name\":\"f\"}]","chat_template_kwargs":{"x":1}}"""));
        Assert.Equal("Kim", dialogue.Messages[0].Fields.GetProperty("name").GetString());
        Assert.Equal("f", dialogue.Context.Tools!.Value[0].GetProperty("name").GetString());
        Assert.Equal(1, dialogue.Context.Variables!.Value.GetProperty("x").GetInt32());
        var prompt = """[{"role":"user","content":"q"}]""";
        var (good, bad) = ("""[{"role":"assistant","content":"a"}]""", """[{"role":"assistant","content":"b"}]""");
        Assert.Equal(1, Assert.IsType<ChatExample>(Only($$"""{"prompt":{{prompt}},"completion":{{good}}}""")).PromptCount);
        Assert.Equal(1, Assert.IsType<ChatExample>(Only($$"""{"prompt":{{prompt}}}""")).PromptCount);
        var pair = Assert.IsType<ChatComparisonExample>(Only($$"""{"prompt":{{prompt}},"chosen":{{good}},"rejected":{{bad}}}"""));
        Assert.Equal([new("user", "q")], pair.Prompt.Messages);
        var whole = Assert.IsType<ChatComparisonExample>(
            Only($$"""{"chosen":{{prompt[..^1]}},{{good[1..]}},"rejected":{{prompt[..^1]}},{{bad[1..]}}}"""));
        Assert.Equal([new("user", "q")], whole.Prompt.Messages);
        Assert.Equal([new("assistant", "b")], whole.Completions[1]);
    }

    [Theory]
    [InlineData("\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\"}]", "\"content\":\"ab\"")]
    [InlineData("\"content\":null,\"tool_calls\":[]", "\"content\":\"\",\"tool_calls\":[]")]
    [InlineData("\"tool_calls\":[{\"function\":{\"arguments\":\"{\\\"x\\\":1}\"}}]",
        "\"tool_calls\":[{\"function\":{\"arguments\":{\"x\":1}}}],\"content\":\"\"")]
    [InlineData("\"content\":\"\",\"tool_calls\":[{\"arguments\":{\"x\":1}},{\"arguments\":\"no JSON\"}]",
        "\"content\":\"\",\"tool_calls\":[{\"arguments\":{\"x\":1}},{\"arguments\":\"no JSON\"}]")]
    public void Messages_AsApisWriteThem_AreReadInOneForm(string fields, string expected)
    {
        var chat = Assert.IsType<ChatExample>(Only($$"""{"messages":[{"role":"assistant",{{fields}}}]}"""));
        Assert.Equal($$"""{"role":"assistant",{{expected}}}""", chat.Messages[0].Fields.GetRawText());
    }

    [Fact]
    public void Messages_RolesOfOtherFormats_AreUserAndAssistant()
    {
        var chat = Assert.IsType<ChatExample>(Only("""
            {"messages":[{"role":"human","content":"q"},{"role":"gpt","content":"a"},{"role":"developer","content":"d"}]}
            """.Trim()));
        Assert.Equal(["user", "assistant", "developer"], chat.Messages.Select(message => message.Role));
    }

    [Theory]
    [InlineData("""[{"type":"image_url","image_url":{"url":"x"}}]""", "a part of the type 'image_url'; models here read only text")]
    [InlineData("""["text"]""", "a part without a type")]
    public void Messages_PartsThatAreNoText_AreRefusedWithTheLine(string content, string what)
    {
        var error = Assert.Throws<InvalidDataException>(() => Only($$"""{"messages":[{"role":"user","content":{{content}}}]}"""));
        Assert.Contains("line 1: the content of the message with the role 'user' has " + what, error.Message);
    }

    [Theory]
    [InlineData("""{"prompt":"a\ud83d"}""", "'prompt'")]
    [InlineData("""{"prompt":[{"role":"user","content":"\udc00"}]}""", "'prompt'")]
    [InlineData("""{"prompt":"a","completions":["b","\ud83d"],"ranks":[0,1]}""", "'completions'")]
    [InlineData("""{"prompt":"a","completions":"[\"\\ud83d\"]","ranks":[0,1]}""", "'completions'")]
    [InlineData("""{"messages":[{"role":"assistant","tool_calls":[{"arguments":"{\"a\":\"\\ud83d\"}"}]}]}""", "arguments of a tool call")]
    public void Text_LoneSurrogate_IsRefusedWithTheLine(string line, string what)
    {
        var error = Assert.Throws<InvalidDataException>(() => Only(line));
        Assert.Matches($"line 1: .*{what} contains? a lone surrogate", error.Message);
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"user"}]}""")]
    [InlineData("""{"messages":[{"content":"x"}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":5}]}""")]
    [InlineData("""{"messages":[]}""")]
    [InlineData("""{"chosen":[{"role":"user","content":"q"}],"rejected":[{"role":"user","content":"q"}]}""")]
    [InlineData("""{"chosen":[{"role":"user","content":"q"}],"rejected":[{"role":"user","content":"r"}]}""")]
    public void MessagesThatAreNoneAreNamedByTheirLine(string line) =>
        Assert.Contains("line 1", Assert.Throws<InvalidDataException>(() => Only(line)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("The sky is blue.", "The sky is green.", "The sky is", " blue.", " green.")]
    [InlineData("The sky is blue.", "The sky is black.", "The sky is", " blue.", " black.")]
    [InlineData("\n\nHuman: Hi\n\nAssistant: I think so", "\n\nHuman: Hi\n\nAssistant: I know", "\n\nHuman: Hi\n\nAssistant:",
        " I think so", " I know")]
    public void TheSharedStartOfTwoTranscriptsIsThePrompt(string chosen, string rejected, string prompt, string first, string second)
    {
        var ranking = Assert.IsType<ComparisonExample>(Only(System.Text.Json.JsonSerializer.Serialize(new { chosen, rejected })));
        Assert.Equal((prompt, first, second), (ranking.Prompt, ranking.Completions[0], ranking.Completions[1]));
    }

    [Fact]
    public void FormatsOfTheSameRowsGiveTheSameExamples()
    {
        const string Lines = "{\"prompt\":\"a, \\\"b\\\"\\nc\",\"completion\":\"d\"}\n\n{\"prompt\":\"é\",\"completion\":\"f\"}\n";
        var plain = Dataset.Read(folder.Write("a.jsonl", Lines)).Cast<Demonstration>().ToList();
        using (var gzip = new GZipStream(File.Create(folder.File("a.jsonl.gz")), CompressionMode.Compress))
            gzip.Write(Encoding.UTF8.GetBytes(Lines));
        var csv = folder.Write("a.csv", "prompt,completion\r\n\"a, \"\"b\"\"\nc\",d\r\né,f\r\n");
        foreach (var path in new[] { folder.File("a.jsonl.gz"), csv })
            Assert.Equal(
                plain.Select(example => (example.Prompt, example.Completion)),
                Dataset.Read(path).Cast<Demonstration>().Select(example => (example.Prompt, example.Completion)));
        Assert.Equal([1, 3], plain.Select(example => example.Origin.Line));
    }

    [Fact]
    public void ATextFileIsOneDocumentOrSeveralBetweenMarks()
    {
        Assert.Equal("one\ntwo", Assert.IsType<Document>(Dataset.Read(folder.Write("a.txt", "one\ntwo\n")).Single()).Text);
        var several = Dataset.Read(folder.Write("b.txt", "one\n<|endoftext|>\n\ntwo\nthree\n<|endoftext|>\n")).Cast<Document>().ToList();
        Assert.Equal(["one", "two\nthree"], several.Select(document => document.Text));
        Assert.Equal([1, 3], several.Select(document => document.Origin.Line));
    }

    [Fact]
    public void AFolderIsReadFileByFileInTheOrderOfNames()
    {
        folder.Write("b.txt", "two");
        folder.Write("a.txt", "one");
        folder.Write("notes.md", "not data");
        Assert.Equal(["one", "two"], Dataset.Read(folder.Path).Cast<Document>().Select(document => document.Text));
    }

    [Fact]
    public void AListInACsvCellIsJson()
    {
        var ranking = Assert.IsType<ComparisonExample>(
            Dataset.Read(folder.Write("a.csv", "prompt,completions,ranks\nq,\"[\"\"a\"\",\"\"b\"\"]\",\"[0,1]\"\n")).Single());
        Assert.Equal(["a", "b"], ranking.Completions);
    }

    [Theory]
    [InlineData("prompt;completion\r\nWhere?;At sea\r\n")]
    [InlineData("prompt\tcompletion\r\nWhere?\tAt sea\r\n")]
    [InlineData("sep=,\r\nprompt,completion\r\nWhere?,At sea\r\n")]
    [InlineData("prompt,completion\rWhere?,At sea\r")]
    [InlineData("\n\"prompt\", completion \n\n\"Where?\",At sea")]
    public void TablesOfSpreadsheetsAreRead(string text)
    {
        File.WriteAllText(folder.File("utf16.csv"), text, Encoding.Unicode);
        foreach (var path in new[] { folder.Write("a.csv", text), folder.Write("mark.csv", "\uFEFF" + text), folder.File("utf16.csv") })
        {
            var example = Assert.IsType<Demonstration>(Dataset.Read(path).Single());
            Assert.Equal(("Where?", "At sea"), (example.Prompt, example.Completion));
        }
    }

    [Fact]
    public void InAFileOfOneColumnASeparatorIsText()
    {
        var path = folder.Write("a.csv", "text\na; b; c\nd; e; f\n\"\"\n\"g, \"\"h\"\"\"\ni\"j|k\n");
        Assert.Equal(["a; b; c", "d; e; f", "g, \"h\"", "i\"j|k"], Dataset.Read(path).Cast<Document>().Select(document => document.Text));
    }

    [Fact]
    public void LinesOfACsvAreCountedInQuotedCellsToo()
    {
        var examples = Dataset.Read(folder.Write("a.csv", "prompt,completion\n\n\"a\n\nb\",c\nd,e\n"));
        Assert.Equal([3, 6], examples.Select(example => example.Origin.Line));
    }

    [Theory]
    [InlineData("{\"text\":\"a\"}\n{\"text\":",
        "line 2, column 9: this is not valid JSON: expected a value, found the end of the text; it may be cut off")]
    [InlineData("1\n", "line 1: each line must be a JSON object (was a number)")]
    [InlineData("{\"promt\":\"a\",\"completion\":\"b\"}\n", "Did you mean 'prompt' instead of 'promt'?")]
    [InlineData("{\"prompt\":\"a\",\"choosen\":\"b\",\"rejected\":\"c\"}\n", "Did you mean 'chosen' instead of 'choosen'?")]
    [InlineData("{\"prompt\":\"a\",\"completoin\":\"b\"}\n", "Did you mean 'completion' instead of 'completoin'?")]
    [InlineData("{\"question\":\"a\"}\n", "which match no layout. For question, answer, `answer` is missing")]
    [InlineData("{\"prompt\":\"a\",\"completions\":[\"a\",\"b\"]}\n", "which match no layout")]
    [InlineData("{\"prompt\":1,\"completion\":\"b\"}\n", "'prompt' must be a text (was 1)")]
    [InlineData("{\"prompt\":\"a\",\"completions\":[\"a\",\"b\"],\"ranks\":[0]}\n", "(was 1 ranks for 2 completions)")]
    [InlineData("{\"prompt\":\"a\",\"completions\":[\"a\",2],\"ranks\":[0,1]}\n", "'completions' must be a list of texts")]
    [InlineData("{\"messages\":[{\"role\":\"user\"}]}\n", "'messages' must be a list of")]
    [InlineData("{\"messages\":[]}\n", "'messages' must be a list of")]
    [InlineData("{\"chosen\":\"a\",\"rejected\":\"a\"}\n", "the same text")]
    [InlineData("{\"text\":\"a\"}\n{\"prompt\":\"b\"}\n", "line 2: the fields are prompt, but those of line 1 are text")]
    public void ADamagedLineIsNamedWithItsFileAndWhatIsWrong(string lines, string expected)
    {
        var path = folder.Write("bad.jsonl", lines);
        var error = Assert.Throws<InvalidDataException>(() => Dataset.Read(path).ToList());
        Assert.Contains(expected, error.Message);
        Assert.Contains("bad.jsonl", error.Message);
    }

    [Theory]
    [InlineData("prompt,completion\na,b,c\n", "line 2: a row must have 2 cells like the header (was 3)")]
    [InlineData("prompt,completion\n\"a,b\n", "line 2: a quoted cell is never closed")]
    [InlineData("prompt,completion\n\"a\nb\",c\nd;e;f\n", "line 4: a row must have 2 cells like the header (was 1)")]
    [InlineData("prompt,completion,completion\na,b,c\n", "line 1: two columns are named 'completion'")]
    [InlineData("", "is empty; its first line")]
    public void ADamagedCsvIsNamed(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => Dataset.Read(folder.Write("bad.csv", text)).ToList()).Message);

    [Fact]
    public void TextThatIsNotUtf8IsRefused()
    {
        foreach (var name in new[] { "latin.jsonl", "latin.csv", "latin.txt" })
        {
            File.WriteAllBytes(folder.File(name), [.. "text\n"u8, 0xE9, .. "\n"u8]);
            Assert.Contains("not UTF-8", Assert.Throws<InvalidDataException>(() => Dataset.Read(folder.File(name)).ToList()).Message);
        }
    }

    [Fact]
    public void TheCaseOfAFilesEndingIsNoMatter()
    {
        using (var gzip = new GZipStream(File.Create(folder.File("A.JSONL.GZ")), CompressionMode.Compress))
            gzip.Write("{\"text\":\"a\"}\n"u8);
        Assert.Single(Dataset.Read(folder.File("A.JSONL.GZ")));
    }

    [Fact]
    public void AGzipFileThatWasCutOffIsRefused()
    {
        using (var gzip = new GZipStream(File.Create(folder.File("a.jsonl.gz")), CompressionMode.Compress))
            gzip.Write(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 5000).Select(i => $"{{\"text\":\"{i * 7919}\"}}\n"))));
        var bytes = File.ReadAllBytes(folder.File("a.jsonl.gz"));
        File.WriteAllBytes(folder.File("a.jsonl.gz"), bytes[..(bytes.Length / 2)]);
        Assert.Contains("a.jsonl.gz", Assert.Throws<InvalidDataException>(() => Dataset.Read(folder.File("a.jsonl.gz")).ToList()).Message);
    }

    [Fact]
    public void APathThatIsNotThereOrNoDataIsSaid()
    {
        Assert.Throws<FileNotFoundException>(() => Dataset.Read(folder.File("nothing.jsonl")).ToList());
        Assert.Contains("supported are .jsonl",
            Assert.Throws<InvalidDataException>(() => Dataset.Read(folder.Write("a.docx", "x")).ToList()).Message);
    }

    Example Only(string line) => Dataset.Read(folder.Write("only.jsonl", line + "\n")).Single();
}
