using Attune.Cli.Display;
using Attune.Data;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Parameters;
using Attune.Training.Recipes;
using Spectre.Console;

namespace Attune.Cli.Tests;

/// <summary>The output of `attune data inspect` to a file.</summary>
public sealed class DataCommandTests : IDisposable
{
    const string Template = "{% for m in messages %}{% if m.role == 'assistant' %}"
        + "A:{% generation %}{{ m.content }}{{ eos_token }}{% endgeneration %}\n"
        + "{% else %}{{ m.role }}: {{ m.content }}\n{% endif %}{% endfor %}";
    const string Chat = """{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"yo"}]}""";

    readonly TemporaryFolder folder = new();
    readonly string model;

    public DataCommandTests()
    {
        model = folder.File("lm");
        using var random = new RandomSource(1);
        var shape = new ModelShape { Family = "llama", Layers = 1, Width = 32, Heads = 2, Context = 48 };
        var tokenizer = TinyData.Tokenizer.WithChatTemplate(Template);
        var config = shape.ToConfig(tokenizer.VocabularySize, tokenizer.BosId, tokenizer.EosId, tokenizer.PadId);
        ModelFolder.Save(model, Pretrained.NewLanguageModel(config, random), tokenizer);
    }

    public void Dispose() => folder.Dispose();

    string Inspect(string data, params string[] options)
    {
        var (code, output, error) = Commands.Run(["data", "inspect", data, "--model", model, .. options]);
        Assert.True(code == 0, error);
        return output;
    }

    [Fact]
    public void Inspect_Demonstrations_BracketsTokensInTheLossAndCountsThem()
    {
        var output = Inspect(TinyData.Demonstrations(folder), "--rows", "1");
        Assert.Matches(@"\nline 1: \d+ tokens, \d+ in the loss\n", output);
        Assert.Contains("The cat says[ meow woof.<endoftext>]\n", WithoutBars(output), StringComparison.Ordinal);
        Assert.Contains("context    48 tokens", output, StringComparison.Ordinal);
        Assert.Contains("examples   36 demonstrations", output, StringComparison.Ordinal);
        Assert.Contains("left out   0", output, StringComparison.Ordinal);
        Assert.Contains("lengths in tokens", output, StringComparison.Ordinal);
        Assert.Contains("nothing is truncated or left out", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_Conversations_ShowsWhatTheTemplateRendersAndMarks()
    {
        var data = folder.Write("chat.jsonl", Chat + "\n");
        var output = Inspect(data);
        Assert.Contains("{% generation %} marks the tokens in the loss", output, StringComparison.Ordinal);
        Assert.Contains("user: hi⏎\nA:[yo<endoftext>]\n", WithoutBars(output), StringComparison.Ordinal);
    }

    static string WithoutBars(string text) => text.Replace("|", "", StringComparison.Ordinal);

    [Fact]
    public void Inspect_TextsTooLong_ReportsTheReason()
    {
        var data = TinyData.Rankings(folder);
        var output = Inspect(data, "--context", "4", "--too-long", "drop", "--rows", "0");
        Assert.Contains("left out   36", output, StringComparison.Ordinal);
        Assert.Contains("36 comparisons with a text longer than 4 tokens were left out (the first: ", output, StringComparison.Ordinal);
        Assert.Contains("longer than the context", output, StringComparison.Ordinal);
        Assert.DoesNotContain("\nline 1", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_ConversationThatTheTemplateRefuses_IsReportedAndOthersAreShown()
    {
        const string NoSystem = "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}";
        TinyData.Tokenizer.WithChatTemplate(NoSystem + Template).Save(model);
        var data = folder.Write("chat.jsonl", $"{Chat}\n{Chat.Replace("user", "system", StringComparison.Ordinal)}\n");
        var output = Inspect(data);
        Assert.Contains("line 2: left out", output, StringComparison.Ordinal);
        Assert.Contains(
            "1 example would stop training: chat template, line 1: no system role (the first: line 2)", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sft", true, "special tokens, and the second ends responses")]
    [InlineData("dpo", false, "ordinary text and no special tokens, because dpo adds no embeddings to a model; responses end with <|end")]
    [InlineData("ppo", false, "ordinary text and no special tokens, because ppo adds no embeddings to a model; responses end with <|end")]
    public void Inspect_MessagesWithoutATemplate_ShowsTheTokensOfTheMethod(string method, bool special, string expected)
    {
        TinyData.Tokenizer.WithChatTemplate(null).Save(model);
        var data = folder.Write("chat.jsonl", method switch
        {
            "dpo" => """{"prompt":[{"role":"user","content":"hi"}],"chosen":"yo","rejected":"no"}""",
            "ppo" => """{"prompt":[{"role":"user","content":"hi"}]}""",
            _ => Chat,
        } + "\n");
        var output = Inspect(data, "--method", method, "--context", "200");
        Assert.Contains(
            "template   none: conversations are written as ChatML, which is saved with the model. "
                + "<|im_start|> and <|im_end|> are " + expected, output, StringComparison.Ordinal);
        Assert.Equal(special, output.Contains("<|im_start|>|", StringComparison.Ordinal));
        File.Delete(Path.Combine(model, "config.json"));
        Assert.Equal(special, Inspect(data, "--method", method).Contains("<|im_start|>|", StringComparison.Ordinal));
    }

    [Fact]
    public void Inspect_MoreExamplesThanTheLimit_ReadsTheFirst()
    {
        var data = folder.Write("many.jsonl", string.Concat(Enumerable.Range(0, 9).Select(row => $"{{\"text\": \"{row}\"}}\n")) + "{");
        var (code, output, _) = Commands.Run("data", "inspect", data, "--limit", "4", "--method", "pretrain");
        Assert.Equal(0, code);
        Assert.Contains("examples   4 examples, as many as are read; --limit 0 reads all\n", output, StringComparison.Ordinal);
        Assert.Equal(2, Commands.Run("data", "inspect", data, "--limit", "0").Code);
    }

    [Fact]
    public void Cache_RunWithTokenizedData_IsListedAndCleared()
    {
        var data = folder.Write("some.jsonl", string.Concat(Enumerable.Range(0, 9).Select(row => $"{{\"text\": \"abc {row}\"}}\n")));
        var (code, _, error) = Commands.Run("pretrain", $"data.train={data}", "data.cache=on", "newModel.layers=1", "newModel.width=16",
            "newModel.heads=1", "newModel.context=16", "tokenizer.vocabularySize=260", "training.steps=1",
            $"run.output={folder.File("run")}");
        Assert.True(code == 0, error);
        Assert.Contains($"pretrain  {data}", Cache("list"), StringComparison.Ordinal);
        Assert.Contains("removed 1 file", Cache("clear"), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File(".attune-cache")));

        string Cache(string command) => Commands.RunWith(
            new Dictionary<string, string>(StringComparer.Ordinal) { ["XDG_CACHE_HOME"] = folder.Path },
            "data", "cache", command, data).Output;
    }

    [Fact]
    public void Inspect_OneExample_IsNotInThePlural()
    {
        var data = folder.Write("one.jsonl", """{"prompt":"The cat says","completion":" meow."}""" + "\n");
        Assert.Contains("examples   1 demonstration\n", Inspect(data), StringComparison.Ordinal);
        Assert.Contains("examples   1 example\n", Commands.Run("data", "inspect", data).Output, StringComparison.Ordinal);
        var letter = folder.Write("letter.jsonl", """{"text":"a"}""" + "\n");
        Assert.Contains("line 1: 1 character\n", Commands.Run("data", "inspect", letter).Output, StringComparison.Ordinal);
        folder.Write("two.jsonl", """{"text":"a"}""" + "\n" + """{"text":"b"}""" + "\n");
        Assert.Contains("examples   2 documents\n", Inspect(folder.File("two.jsonl")), StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_NoModel_ShowsLayoutMethodAndCharacters()
    {
        var (code, output, error) = Commands.Run("data", "inspect", TinyData.Rankings(folder), "--rows", "1");
        Assert.True(code == 0, error);
        Assert.Contains("fields     prompt, completions, ranks: comparisons", output, StringComparison.Ordinal);
        Assert.Contains("method     reward, guessed from the fields; --method names another", output, StringComparison.Ordinal);
        Assert.Contains("""{"prompt":"The cat says","completions":[" meow."," woof."," no"],"ranks":[0,1,2]}""", output,
            StringComparison.Ordinal);
        Assert.Contains("lengths in characters", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_TokenizerOrConfigAlone_NeedNoWeights()
    {
        File.Delete(Path.Combine(model, "model.safetensors"));
        Assert.Contains("context    48 tokens", Inspect(TinyData.Demonstrations(folder)), StringComparison.Ordinal);
        File.Delete(Path.Combine(model, "config.json"));
        Assert.Contains("context    unknown", Inspect(TinyData.Demonstrations(folder)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"prompt":"wave:","completion":" bad answer","label":false}""", "line 1: sft reads demonstrations")]
    [InlineData("""{"prompt":"a","completion":null}""", "line 1: `completion` is null")]
    public void Inspect_DataThatTheMethodWouldMisread_Fails(string line, string expected)
    {
        var (code, _, error) = Commands.Run("data", "inspect", folder.Write("bad.jsonl", line + "\n"), "--method", "sft");
        Assert.Equal(2, code);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    public static TheoryData<string> Methods => [.. MethodCatalog.All.Select(method => method.Name)];

    /// <summary>Rows of every length, some of them empty: the forecast is what the run reports.</summary>
    [Theory]
    [MemberData(nameof(Methods))]
    public void Inspect_EveryMethod_ForecastsWhatItsRunReports(string method)
    {
        var lm = folder.File("long");
        using (var random = new RandomSource(1))
        {
            var shape = new ModelShape { Family = "llama", Layers = 1, Width = 32, Heads = 2, Context = 160 };
            var config = shape.ToConfig(TinyData.Tokenizer.VocabularySize, TinyData.Tokenizer.BosId, TinyData.Tokenizer.EosId,
                TinyData.Tokenizer.PadId);
            ModelFolder.Save(lm, Pretrained.NewLanguageModel(config, random), TinyData.Tokenizer);
        }
        var (reads, keys) = (MethodCatalog.Find(method)!.Reads, MethodCatalog.Find(method)!.MainKeys);
        var data = folder.Write("data.jsonl", string.Concat(Enumerable.Range(0, 60).Select(i => Row(reads, i) + "\n")));
        var (code, forecast, error) = Commands.Run("data", "inspect", data, "--model", lm, "--method", method);
        Assert.True(code == 0, error);
        var (_, report, _) = Commands.Run(
            [
                method, $"model={lm}", $"data.train={data}", $"run.output={folder.File("run")}", "training.steps=1", "training.batchSize=2",
                "run.selfTest=false",
                .. keys.Contains("rewardModel") ? ["rewards=[{kind: length, unit: words, target: 3}]"] : Array.Empty<string>(),
                .. keys.Contains("teacher") ? [$"teacher={lm}"] : Array.Empty<string>(),
            ]);
        var expected = Notes(report);
        Assert.Equal(expected, Notes(forecast));
        Assert.Contains(expected, note => note.EndsWith($"{method} does not use `id`", StringComparison.Ordinal));
        Assert.True(method == "pretrain" || expected.Count > 1);
        var leftOut = expected.Where(note => note.Contains("left out (", StringComparison.Ordinal)).Sum(Count);
        Assert.Contains($"left out   {leftOut}\n", forecast, StringComparison.Ordinal);

        static int Count(string note) => int.Parse(note.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);

        static List<string> Notes(string output) =>
            [.. output.Replace("note: ", "", StringComparison.Ordinal).Split('\n').Select(line => line.Trim()).Where(IsNote)];

        static bool IsNote(string line) =>
            line.Contains(" (the first: ", StringComparison.Ordinal) || line.Contains(" does not use ", StringComparison.Ordinal);

        static string Row(DataUse reads, int i)
        {
            var (text, answer) = (string.Concat(Enumerable.Repeat("The cat says meow. ", i)), i % 7 == 0 ? "" : " moo");
            return reads switch
            {
                DataUse.Documents => $$"""{"text":"{{text}}","id":{{i}}}""",
                DataUse.Demonstrations => $$"""{"prompt":"{{text}}","completion":"{{answer}}","id":{{i}}}""",
                DataUse.Labels => $$"""{"prompt":"{{text}}","completion":"{{answer}}","label":{{i % 2}},"id":{{i}}}""",
                DataUse.Rewards => $$"""{"prompt":"{{text}}","completion":"{{answer}}","reward":{{i}},"id":{{i}}}""",
                DataUse.Prompts => $$"""{"prompt":"{{text}}","id":{{i}}}""",
                DataUse.Steps => $$"""{"prompt":"{{text}}","completions":["moo","{{text}}"],"labels":[true,false],"id":{{i}}}""",
                DataUse.Triples => $$"""{"prompt":"{{text}}","chosen":"{{answer}}","rejected":" woof","reference":" moo moo","id":{{i}}}""",
                _ => $$"""{"prompt":"{{text}}","chosen":"{{answer}}","rejected":" woof","id":{{i}}}""",
            };
        }
    }

    [Fact]
    public void Convert_Emoji_AreWrittenAsTheyAre()
    {
        var data = folder.Write("emoji.jsonl", """{"chosen":"mood? 😀😀 \\uD83D","rejected":"mood? 😁"}""" + "\n");
        var output = folder.File("own.jsonl");
        Commands.Run("data", "convert", data, output);
        Assert.Equal("""{"prompt":"mood?","chosen":" 😀😀 \\uD83D","rejected":" 😁"}""" + "\n", File.ReadAllText(output));
    }

    [Fact]
    public void Convert_OtherLayout_IsWrittenAsOurOwn()
    {
        var data = folder.Write("gsm8k.jsonl", """{"question":"How many?","answer":"#### 3","split":"test"}""" + "\n");
        var output = folder.File("own.jsonl");
        var (code, said, error) = Commands.Run("data", "convert", data, output, "--keep", "answer");
        Assert.True(code == 0, error);
        Assert.Equal($"{output}: 1 row of prompt, completion, answer\n", said);
        Assert.Equal($"attune: {data}: the new file does not use `split`\n", error);
        Assert.Equal("""{"prompt":[{"role":"user","content":"How many?"}],"completion":[{"role":"assistant","content":"#### 3"}],"""
            + "\"answer\":\"#### 3\"}\n", File.ReadAllText(output));
        (code, _, error) = Commands.Run("data", "convert", data, output, "--columns", "prompt=question", "completion=answer");
        Assert.True(code == 0, error);
        Assert.Equal("""{"prompt":"How many?","completion":"#### 3"}""" + "\n", File.ReadAllText(output));
        Assert.Equal(2, Commands.Run("data", "convert", data, output, "--from", "alpaca").Code);
        Assert.Equal("""{"prompt":"How many?","completion":"#### 3"}""" + "\n", File.ReadAllText(output));
    }

    [Theory]
    [InlineData("pairs", Scores, """{"prompt":"q","chosen":"b","rejected":"a"}""", """{"prompt":"q","chosen":"c","rejected":"a"}""")]
    [InlineData("rankings", Scores, """{"prompt":"q","completions":["a","b","c"],"ranks":[1,0,0]}""")]
    [InlineData("demonstrations", Scores, """{"prompt":"q","completion":"b"}""")]
    [InlineData("labels", Scores, """{"prompt":"q","completion":"b","label":true}""", """{"prompt":"q","completion":"c","label":true}""",
        """{"prompt":"q","completion":"a","label":false}""")]
    [InlineData("rewards", Scores, """{"prompt":"q","completion":"a","reward":1}""", """{"prompt":"q","completion":"b","reward":3}""",
        """{"prompt":"q","completion":"c","reward":3}""")]
    [InlineData("prompts", Scores, """{"prompt":"q"}""")]
    [InlineData("pairs", """{"prompt":"q","chosen":"a","rejected":"b","votes":[1,3]}""",
        """{"prompt":"q","chosen":"b","rejected":"a","votes":[3,1]}""")]
    [InlineData("demonstrations", Labels, """{"prompt":"q","completion":"a"}""")]
    [InlineData("prompts", """{"prompt":"q","completion":"a","reward":2}""", """{"prompt":"q"}""")]
    public void Convert_Layout_WritesEachMeaning(string layout, string rows, params string[] expected)
    {
        var output = folder.File("converted.jsonl");
        var (code, _, error) = Commands.Run("data", "convert", folder.Write("in.jsonl", rows + "\n"), output, "--layout", layout);
        Assert.True(code == 0, error);
        Assert.Equal(expected, File.ReadAllLines(output));
    }

    const string Scores = """{"prompt":"q","completions":["a","b","c"],"scores":[1,3,3]}""";

    const string Labels = """{"prompt":"q","completion":"a","label":true}""" + "\n" + """{"prompt":"q","completion":"b","label":false}""";

    [Theory]
    [InlineData("pairs", Labels, "line 1: labelled responses cannot be written as pairs")]
    [InlineData("demonstrations", """{"prompt":"q","completion":"a","reward":2}""",
        "responses with rewards cannot be written as demonstrations")]
    [InlineData("rankings", """{"prompt":"q","chosen":"a","rejected":"b","votes":[3,1]}""", "use --layout pairs")]
    [InlineData("rankings", """{"prompt":"q","completions":["a","b"],"pairs":[{"better":0,"worse":1}]}""",
        "do not give each response a rank")]
    [InlineData("pairs", """{"prompt":"q","completions":["a","b"],"scores":[1,1]}""", "has no examples that become pairs")]
    [InlineData("trees", Labels, "--layout must be one of pairs, rankings, ")]
    public void Convert_LayoutThatTheMeaningDoesNotAllow_IsRefused(string layout, string rows, string expected)
    {
        var output = folder.File("converted.jsonl");
        var (code, _, error) = Commands.Run("data", "convert", folder.Write("in.jsonl", rows + "\n"), output, "--layout", layout);
        Assert.Equal(2, code);
        Assert.Contains(expected, error);
        Assert.False(File.Exists(output));
    }

    [Fact]
    public void Sft_TemplateWithoutEos_IsReportedBeforeTheFirstStep()
    {
        const string NoEos = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
            + "{{ 'assistant: ' if add_generation_prompt }}";
        TinyData.Tokenizer.WithChatTemplate(NoEos).Save(model);
        var data = folder.Write("chat.jsonl", string.Concat(Enumerable.Repeat(Chat + "\n", 4)));
        var (code, output, error) = Commands.Run(
            "sft", $"model={model}", $"data.train={data}", $"run.output={folder.File("run")}", "training.steps=1", "training.batchSize=2",
            "run.selfTest=false");
        Assert.True(code == 0, error);
        var notice = output.IndexOf("4 conversations have no <|endoftext|> after the response", StringComparison.Ordinal);
        Assert.InRange(notice, 0, output.IndexOf("1/1", StringComparison.Ordinal));
    }

    [Fact]
    public void Inspect_BadArguments_FailsWithOneMessage()
    {
        var (code, _, error) = Commands.Run("data", "inspect", folder.File("none.jsonl"), "--model", model);
        Assert.Equal(2, code);
        Assert.Contains("there is no file or folder", error, StringComparison.Ordinal);
        (code, _, error) = Commands.Run("data", "inspect", TinyData.Prompts(folder), "--model", model, "--rows", "-1");
        Assert.Equal(2, code);
        Assert.Contains("--rows must be at least 0 (was -1).", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_InColour_ShowsTokensInTheLossInGreen()
    {
        var tokenizer = TinyData.Tokenizer;
        int[] tokens = [.. tokenizer.Encode("The cat"), tokenizer.EosId!.Value];
        var row = new TokenRow(tokens, [.. tokens.Select((_, at) => at == tokens.Length - 1)]);
        var segments = TokenText.Render(tokenizer, row, most: 100, inColour: true);
        Assert.Equal("The cat<|endoftext|>", string.Concat(segments.Select(segment => segment.Text)));
        Assert.All(segments.SkipLast(1), segment => Assert.NotEqual(Decoration.Bold, segment.Style.Decoration));
        Assert.Contains(segments[^1].Style.Foreground, new[] { Color.Green, Color.Lime });
        var cut = TokenText.Render(tokenizer, row, most: 1, inColour: false);
        Assert.Equal($" … ({tokens.Length - 1} more tokens, 1 of them in the loss)", cut[^1].Text);
    }
}
