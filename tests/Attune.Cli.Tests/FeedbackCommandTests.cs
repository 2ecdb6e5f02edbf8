using System.Text.Json.Nodes;
using Attune.Testing;

namespace Attune.Cli.Tests;

/// <summary><c>attune feedback</c>, in this process.</summary>
public sealed class FeedbackCommandTests : IDisposable
{
    readonly TemporaryFolder folder = new();

    string Studio => folder.File("studio");

    (int Code, string Output, string Error) Run(params string[] words) => Commands.Run(["feedback", .. words, "--folder", Studio]);

    void Import() => Assert.Equal(0, Run("import", folder.Write("pairs.jsonl", """
        {"prompt": "the pool?", "chosen": "Upstairs.", "rejected": "No.", "votes": [4, 1]}
        {"prompt": "the bar?", "chosen": "Here.", "rejected": "Gone.", "votes": [3, 2]}
        """), "--project", "hotel", "--new").Code);

    [Fact]
    public void Export_EveryLayoutAndAnArchive_HasTheImportedComparisons()
    {
        Import();
        Assert.Equal("hotel: 2 items, 2 of 2 annotations\n", Run("list").Output);
        foreach (var (layout, rows) in new[] { ("pairs", 2), ("rankings", 2), ("kto", 4), ("hh", 2), ("demonstrations", 0) })
        {
            Assert.Equal(0, Run("export", "--project", "hotel", "--layout", layout, "--output", folder.File(layout)).Code);
            Assert.Equal(rows, File.ReadAllLines(Path.Combine(folder.File(layout), "train.jsonl")).Length);
        }
        Assert.Equal(0, Run("export", "--project", "hotel", "--agreement", "0.7", "--output", folder.File("some")).Code);
        var row = JsonNode.Parse(Assert.Single(File.ReadAllLines(Path.Combine(folder.File("some"), "train.jsonl"))))!;
        Assert.Equal("the pool?", (string)row["prompt"]!);
        Assert.Equal(0, Run("export", "--project", "hotel", "--output", folder.File("all.zip")).Code);
        var entries = System.IO.Compression.ZipFile.OpenRead(folder.File("all.zip")).Entries;
        Assert.Equal(["manifest.json", "train.jsonl"], entries.Select(entry => entry.Name).Order());
    }

    [Fact]
    public void Judge_AskedInBothOrders_ReportsItsBiasAndIsLeftOutOfExports()
    {
        Import();
        // Two items in both orders: it prefers the chosen response of the first, and what it reads first of the second.
        string[] judge =
        [
            "judge", "--project", "hotel", "--name", "jury",
            "--judge", "{kind: process, command: \"read line; echo '{\\\"id\\\":1,\\\"scores\\\":[1,0,1,1]}'\", compare: true}",
        ];
        var (code, output, error) = Run(judge);
        Assert.Equal((0, ""), (code, error));
        Assert.Equal("""
            jury: 2 items judged, 2 pairs in all
            75 % of its preferences are for the response that it reads first; 50 % of the pairs have the same result in both orders
            It agrees with 100 % of people's preferences (– to –)

            """.ReplaceLineEndings("\n"), output);
        Assert.StartsWith("jury: 0 items judged", Run(judge).Output, StringComparison.Ordinal);
        Assert.Equal("hotel: 2 items, 2 of 2 annotations\n", Run("list").Output);
        Assert.Equal(0, Run("export", "--project", "hotel", "--output", folder.File("people")).Code);
        Assert.Equal(0, Run("export", "--project", "hotel", "--judges", "--output", folder.File("both")).Code);
        var votes = new[] { "people", "both" }.Select(name => (int)JsonNode.Parse(
            File.ReadAllText(Path.Combine(folder.File(name), "manifest.json")))!["counts"]!["votes"]!);
        Assert.Equal([2, 4], votes);
    }

    [Fact]
    public void Feedback_AStoreByItsFile_IsJudged()
    {
        Import();
        var (code, output, error) = Commands.Run([
            "feedback", "judge", "--project", "hotel", "--name", "jury", "--store", Path.Combine(Studio, "studio.db"),
            "--judge", "{kind: process, command: \"read line; echo '{\\\"id\\\":1,\\\"scores\\\":[1,0,1,1]}'\", compare: true}",
        ]);
        Assert.Equal((0, ""), (code, error));
        Assert.StartsWith("jury: 2 items judged", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Feedback_NoSuchStore_NamesIt()
    {
        var none = folder.File("none.db");
        Assert.Contains($"There is no store {none}. Name a studio's folder", Run("list", "--store", none).Error, StringComparison.Ordinal);
        Assert.Contains(
            $"There is no store {Path.Combine(Studio, "studio.db")}.", Run("list").Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--judge must be a reward model's folder", "judge", "--project", "hotel", "--judge", "{kind: length}")]
    [InlineData("it has a single question without a key", "judge", "--project", "hotel", "--question", "odd", "--judge",
        "{kind: process, command: x, compare: true}")]
    [InlineData("no project hostel. Projects: hotel.", "export", "--project", "hostel", "--output", "x")]
    [InlineData("no person named Zoe", "export", "--project", "hotel", "--output", "x", "--person", "Zoe")]
    [InlineData("agreement must be from 0 to 1 (was 70)", "export", "--project", "hotel", "--output", "x", "--agreement", "70")]
    [InlineData("--from must be a date such as 2026-03-01", "export", "--project", "hotel", "--output", "x", "--from", "yesterday")]
    [InlineData("(was 12/11/2026)", "export", "--project", "hotel", "--output", "x", "--from", "12/11/2026")]
    [InlineData("--to must be a date such as 2026-03-01", "export", "--project", "hotel", "--output", "x", "--to", "10:00")]
    [InlineData("(was 2026-11)", "export", "--project", "hotel", "--output", "x", "--from", "2026-11")]
    [InlineData("here is no file nothing.jsonl", "import", "nothing.jsonl", "--project", "hotel")]
    [InlineData("there is no file nothing.db", "restore", "nothing.db")]
    public void Feedback_BadInput_FailsWithOneMessage(string expected, params string[] words)
    {
        Import();
        var (code, _, error) = Run(words);
        Assert.Equal(2, code);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.False(Directory.Exists("x"));
    }

    [Theory]
    [InlineData("hotel", "needs 'prompt' and 'completions'", "{\"prompt\": \"a\"}")]
    [InlineData("hotel", "this project collects ratings", "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"}\n"
        + "{\"prompt\": \"a\", \"completion\": \"b\"}")]
    [InlineData("  ", "name", "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"}")]
    public void ImportNew_Refused_LeavesNothing(string project, string expected, string rows)
    {
        var (code, _, error) = Run("import", folder.Write("refused.jsonl", rows), "--project", project, "--new");
        Assert.Equal(2, code);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.False(Path.Exists(Studio));
    }

    [Theory]
    [InlineData("2026-03-01")]
    [InlineData("2026-03-01T09:00")]
    [InlineData("2026-03-01T09:00:00Z")]
    [InlineData("2026-03-01 09:00:00+02:00")]
    public void Export_FromAnIsoTime_IsTaken(string time)
    {
        Import();
        Assert.Equal(0, Run("export", "--project", "hotel", "--from", time, "--output", folder.File("out")).Code);
    }

    [Fact]
    public void Backup_AndRestore_KeepsTheAnnotations()
    {
        Import();
        var copy = folder.File("copy.db");
        Assert.Contains("1 project, 1 person, 2 items, 2 annotations", Run("backup", copy).Output, StringComparison.Ordinal);
        Assert.Equal(2, Run("backup", copy).Code);
        Assert.Equal(2, Run("restore", copy).Code);
        Assert.Contains("The previous store is kept in", Run("restore", copy, "--force").Output, StringComparison.Ordinal);
        Assert.Equal("hotel: 2 items, 2 of 2 annotations\n", Run("list").Output);
        Assert.Equal(2, Commands.Run("feedback", "list", "--folder", folder.File("none")).Code);
    }

    public void Dispose() => folder.Dispose();
}
