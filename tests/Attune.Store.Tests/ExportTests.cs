using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Attune.Data;
using Attune.Store.Export;
using Attune.Testing;

namespace Attune.Store.Tests;

/// <summary>
/// Five items, counted by hand. Strengths are of a scale of 7.
/// 0: Ann a 2, Ben a 3, Cid b 1.  1: Ann and Ben tie, Cid a 1.  2: Ann and Ben all bad, Cid b 1.  3: Ann b 1, flagged.  4: Ann b 1, with an
/// ideal answer.
/// </summary>
public sealed class ExportTests : IDisposable
{
    static readonly AnnotationResult Tie = new() { Ranks = [0, 0] }, Bad = new() { Outcome = Outcome.AllBad };

    readonly TemporaryFolder folder = new();
    readonly FixedTime time = new();
    readonly EmptyStore address = new(StoreKind.Sqlite);
    readonly PreferenceStore store;
    readonly Person owner;
    readonly Project project;

    public ExportTests()
    {
        store = PreferenceStore.Open(address.Address, time);
        owner = store.People.Add("Olga", Role.Owner);
        project = store.Projects.Add("hotel", new() { StrengthLevels = 7, Overlap = 3, CheckEvery = 0 }, owner.Id);
        store.Items.Add(project.Id, [.. Enumerable.Range(0, 5).Select(i => new Item
        {
            Prompt = JsonValue.Create($"prompt {i}"),
            Answers = [new(JsonValue.Create($"a{i}"), "old"), new(JsonValue.Create($"b{i}"), "new")],
        })], owner.Id);
        Decide("Ann", First(2), Tie, Bad, Second(1) with { Flags = [Flag.Unsafe] }, Second(1) with { Ideal = "better" });
        time.Pass(TimeSpan.FromDays(1));
        Decide("Ben", First(3), Tie, Bad, null, null);
        time.Pass(TimeSpan.FromDays(1));
        Decide("Cid", Second(1), First(1), Second(1), null, null);
    }

    static AnnotationResult First(int strength) => new() { Ranks = [0, 1], Strength = strength };

    static AnnotationResult Second(int strength) => new() { Ranks = [1, 0], Strength = strength };

    /// <summary>A person's decisions by item and place; null is a skip.</summary>
    void Decide(string name, params AnnotationResult?[] verdicts)
    {
        var person = store.People.Add(name, Role.Annotator);
        var first = store.Items.Page(project.Id, 0, 1)[0].Id;
        while (store.Queue.Next(project, person.Id, 1).Items is [var showing, ..])
        {
            var verdict = verdicts[showing.Item - first]?.AsShown(showing.Shown)
                ?? new() { Outcome = Outcome.Skipped, SkipReason = "cannot tell" };
            Assert.NotNull(store.Annotations.Submit(project, person.Id, new(showing.Token, verdict, 1)));
        }
    }

    IReadOnlyList<string> Lines(ExportOptions options)
    {
        var target = folder.File($"{Guid.NewGuid():N}");
        store.Exports.Snapshot(project, options, target);
        return File.ReadAllLines(Path.Combine(target, options.Layout == ExportLayout.Csv ? "decisions.csv" : "train.jsonl"));
    }

    IReadOnlyList<string> Chosen(ExportOptions options) => [.. Lines(options).Select(line => (string)JsonNode.Parse(line)!["chosen"]!)];

    [Fact]
    public void AMajorityIsAPairWithItsVotesAndTheMarginOfThoseWhoAreInIt()
    {
        var lines = Lines(new());
        Assert.Equal("""{"prompt":"prompt 0","chosen":"a0","rejected":"b0","votes":[2,1],"margin":2.5,"sources":["old","new"],"item":1}""",
            lines[0]);
        Assert.Equal("""{"prompt":"prompt 4","chosen":"b4","rejected":"a4","margin":1,"sources":["new","old"],"item":5}""", lines[1]);
        Assert.Equal(2, lines.Count);
    }

    [Fact]
    public void APreviewCountsWhatAnExportHolds()
    {
        var counts = new ExportCounts { Items = 5, Votes = 10, Agreement = 6.0 / 9, LeftOutByFlags = 1, Undecided = 2, TrainRows = 2,
            TrainPrompts = 2 };
        Assert.Equal(counts, store.Exports.Preview(project, new()));
        Assert.Equal(counts, store.Exports.Snapshot(project, new(), folder.File("pairs")).Counts);
    }

    [Fact]
    public void EveryFilterTakesWhatItSays()
    {
        Assert.Equal(["a0"], Chosen(new() { LeastDecisions = 2 }));
        Assert.Equal(["b4"], Chosen(new() { LeastAgreement = 0.7 }));
        Assert.Equal(["b0", "a1", "b2"], Chosen(new() { People = ["cid"] }));
        Assert.Equal(["a0"], Chosen(new() { LeastStrength = 2 }));
        Assert.Equal(["b0", "a1", "b2"], Chosen(new() { From = time.GetUtcNow() }));
        Assert.Equal(["a0", "b4"], Chosen(new() { To = time.GetUtcNow() }));
        Assert.Equal(["b3"], Chosen(new() { Flagged = Flagged.Only }));
        Assert.Equal(["a0", "b3", "b4"], Chosen(new() { Flagged = Flagged.Include }));
        Assert.Equal(["a0", "a0", "b0", "a1", "b2", "b4"], Chosen(new() { EachVote = true }));
        Assert.Equal(["a0", "b4", "better", "better"], Chosen(new() { IdealFirst = true }));
    }

    [Fact]
    public void ByAbility_ThreeAnnotatorsChooseAtRandom_TheTwoOthersDecide()
    {
        const int items = 40;
        var of = store.Projects.Add("weighted", new() { Overlap = 5, CheckEvery = 0 }, owner.Id);
        store.Items.Add(of.Id, [.. Enumerable.Range(0, items).Select(i => new Item
        {
            Prompt = JsonValue.Create($"{i % 2}"), Answers = [new(JsonValue.Create("0")), new(JsonValue.Create("1"))],
        })], owner.Id);
        foreach (var (seed, name) in new[] { "Kim", "Lee", "Max", "Ned", "Ola" }.Index())
            Choose(of, store.People.Add(name, Role.Annotator).Id, seed < 2 ? null : new Random(seed));
        var (counted, weighted) = (Rows(new()), Rows(new() { ByAbility = true }));
        Assert.Equal((items, items), (counted.Count, weighted.Count));
        Assert.InRange(counted.Count(IsRight), 25, 39);
        Assert.Equal(items, weighted.Count(IsRight));
        Assert.All(weighted, row => Assert.InRange((double)row["label"]!, 0.5, 1));
        Assert.All(weighted, row => Assert.Null(row["votes"]));
        Assert.All(Dataset.Read(folder.File("weighted/train.jsonl")), row =>
            Assert.InRange(Assert.IsType<ComparisonExample>(row).Comparisons.Comparisons[0].Share, 0.5, 1));

        List<JsonNode> Rows(ExportOptions options)
        {
            store.Exports.Snapshot(of, options, folder.File("weighted"), replace: true);
            return [.. File.ReadAllLines(folder.File("weighted/train.jsonl")).Select(line => JsonNode.Parse(line)!)];
        }

        static bool IsRight(JsonNode row) => (string)row["prompt"]! == (string)row["chosen"]!;
    }

    /// <summary>Decides all items of a person: response 0 or 1 as the prompt says, or at random.</summary>
    void Choose(Project of, long person, Random? random)
    {
        while (store.Queue.Next(of, person, 20).Items is { Count: > 0 } showings)
            foreach (var showing in showings)
            {
                var best = random?.Next(2) ?? ((string)showing.Prompt! == "1" ? 1 : 0);
                AnnotationResult verdict = new() { Ranks = best == 0 ? [0, 1] : [1, 0] };
                Assert.NotNull(store.Annotations.Submit(of, person, new(showing.Token, verdict.AsShown(showing.Shown), 1)));
            }
    }

    [Fact]
    public void ByAbility_WhereItCannotBeEstimated_SaysWhy()
    {
        Assert.Contains("layout Pairs, Hh or Triples (was Kto)", Message(project, new() { Layout = ExportLayout.Kto, ByAbility = true }));
        Assert.Contains("not both", Message(project, new() { EachVote = true, ByAbility = true }));
        var empty = store.Projects.Add("empty", new(), owner.Id);
        Assert.Contains("two decisions or more", Message(empty, new() { ByAbility = true }));

        string Message(Project of, ExportOptions options) =>
            Assert.Throws<InvalidDataException>(() => store.Exports.Preview(of, options)).Message;
    }

    [Fact]
    public void WhoFailsChecksIsLeftOutAndChecksAreNeverExported()
    {
        store.Items.Add(project.Id, [new Item { Kind = ItemKind.Calibration, Expected = [0, 1], Prompt = "known",
            Answers = [new("right"), new("wrong")] }], owner.Id);
        var dora = store.People.Add("Dora", Role.Annotator);
        var showing = store.Queue.Next(project, dora.Id, 1).Items[0];
        store.Annotations.Submit(project, dora.Id, new(showing.Token, Second(3).AsShown(showing.Shown), 1));
        using (var connection = address.Connect())
        {
            using var command = connection.CreateCommand();
            command.CommandText =
                $"UPDATE item SET kind = 'Check' WHERE id = {showing.Item}; UPDATE decision SET person_id = 4 WHERE person_id = {dora.Id}";
            command.ExecuteNonQuery();     // now an attention check that Cid got wrong
        }
        Assert.Equal(["a0", "b4"], Chosen(new()));
        Assert.Equal("[2,0]", JsonNode.Parse(Lines(new() { LeastRight = 0.5 })[0])!["votes"]!.ToJsonString());
    }

    [Fact]
    public void AnAdjudicationStandsInThePlaceOfTheVotes()
    {
        using (var connection = address.Connect())
        {
            using var command = connection.CreateCommand();
            command.CommandText = """
                INSERT INTO decision (project_id, item_id, person_id, adjudicates, token, outcome, ranks, shown, seconds, decided_at)
                VALUES (1, 1, 1, 1, 'settled', 'Ranked', '[1,0]', '[0,1]', 1, 0)
                """;
            command.ExecuteNonQuery();
        }
        Assert.Equal(["b0", "b4"], Chosen(new()));
        Assert.Equal(["b0"], Chosen(new() { LeastDecisions = 2 }));
        Assert.Equal(1, store.Exports.Preview(project, new()).Adjudicated);
    }

    [Fact]
    public void LabelsSayThatBothAreBadAndPassTiesOver()
    {
        var labels = Lines(new() { Layout = ExportLayout.Kto }).Select(line => JsonNode.Parse(line)!)
            .Select(row => ((string)row["completion"]!, (bool)row["label"]!));
        Assert.Equal([("a0", true), ("b0", false), ("a2", false), ("b2", false), ("a4", false), ("b4", true)], labels);
    }

    [Fact]
    public void EveryLayoutIsReadByTheReaderOfTrainingData()
    {
        var read = Read(new() { Layout = ExportLayout.Rankings }).Cast<ComparisonExample>().ToList();
        Assert.Equal([0, 1], read[0].Comparisons.Ranks!);
        Assert.Equal(["old", "new"], read[0].Comparisons.Sources!);
        var pair = Assert.Single(Read(new()).Cast<ComparisonExample>().First().Comparisons.Comparisons);
        Assert.Equal((2.5, 3, 2.0 / 3), (pair.Margin!.Value, pair.Votes, pair.Share));
        var transcript = Read(new() { Layout = ExportLayout.Hh }).Cast<ComparisonExample>().First();
        Assert.Equal(("\n\nHuman: prompt 0\n\nAssistant:", " a0", " b0"),
            (transcript.Prompt, transcript.Completions[0], transcript.Completions[1]));
        var shown = Assert.Single(Read(new() { Layout = ExportLayout.Demonstrations }).Cast<Demonstration>());
        Assert.Equal(("prompt 4", "better"), (shown.Prompt, shown.Completion));
        Assert.Equal(6, Read(new() { Layout = ExportLayout.Kto }).Count);
        var triple = Assert.Single(Read(new() { Layout = ExportLayout.Triples }).Cast<ComparisonExample>());
        Assert.Equal(("prompt 4", "b4", "a4", "better"), (triple.Prompt, triple.Completions[0], triple.Completions[1], triple.Reference));
    }

    [Fact]
    public void Triples_EveryPairOfResponses_HasEveryBetterResponse()
    {
        var item = new ExportedItem(1, "\"p\"", """{"reference":"imported"}""", 0, [("\"a\"", null), ("\"b\"", null), ("\"c\"", null)]);
        var rows = Rows(ExportLayout.Triples, new(item, [new([0, 1, 1], null, null, null, 1)], ["\"x\"", "\"y\""]));
        Assert.Equal(
            ["a>b x", "a>c x", "a>b y", "a>c y"], rows.Select(row => $"{row["chosen"]}>{row["rejected"]} {row["reference"]}"));
        Assert.Equal("imported", (string)Rows(ExportLayout.Pairs, new(item, [new([0, 1, 1], null, null, null, 1)], []))[0]["reference"]!);
    }

    [Fact]
    public void Triples_OfEachVote_AllHaveTheBetterResponse()
    {
        var person = store.People.Add("Dan", Role.Annotator);
        var last = store.Items.Page(project.Id, 0, 5)[^1].Id;
        while (store.Queue.Next(project, person.Id, 1).Items is [var showing, ..])
            store.Annotations.Submit(project, person.Id, new(
                showing.Token, (showing.Item == last ? First(1) : Tie).AsShown(showing.Shown), 1));
        Assert.Equal(["b4", "a4"], Lines(new() { Layout = ExportLayout.Triples, EachVote = true })
            .Select(line => (string)JsonNode.Parse(line)!["chosen"]!));
    }

    List<Example> Read(ExportOptions options)
    {
        var target = folder.File($"{Guid.NewGuid():N}");
        store.Exports.Snapshot(project, options, target);
        return [.. Dataset.Read(Path.Combine(target, "train.jsonl"))];
    }

    [Fact]
    public void MajoritiesThatRunInACircleTieAndAnswersThatNobodyRankedStayOut()
    {
        // a Condorcet cycle: 0 before 1 before 2, 1 before 2 before 0, 2 before 0 before 1; all three before 3, and nobody ranks 4.
        AnnotatorRanking[] votes = [new([0, 1, 2, 3, null], null, null, null, 1), new([2, 0, 1, 3, null], null, null, null, 2),
            new([1, 2, 0, 3, null], null, null, null, 3)];
        var ballot =
            new ItemComparisons(new(1, "\"p\"", null, 0, [.. "abcde".Select(letter => ($"\"{letter}\"", (string?)null))]), votes, []);
        Assert.Equal([1, 1, 1, -3, null], ballot.Standings());
        Assert.Equal((15, 18), ballot.Agreement());     // 2 of 3 votes on each pair of the cycle, 3 of 3 against response 3
    }

    [Fact]
    public void LevelsAreAnOrderAndALabelByTheMiddleOfTheScale()
    {
        var item = new ExportedItem(1, "\"p\"", null, 5, [("\"a\"", null), ("\"b\"", null), ("\"c\"", null)]);
        AnnotatorRanking[] votes = [Rated(5, 3, 1), Rated(4, 3, 2)];
        Assert.Equal(["a>b", "a>c", "b>c"],
            Rows(ExportLayout.Pairs, new(item, votes, [])).Select(row => $"{row["chosen"]}>{row["rejected"]}"));
        Assert.Equal(["a True", "c False"],
            Rows(ExportLayout.Kto, new(item, votes, [])).Select(row => $"{row["completion"]} {(bool)row["label"]!}"));
    }

    [Fact]
    public void AConversationHasAnswersThatAreMessages()
    {
        var item = new ExportedItem(1, """[{"role":"user","content":"p"}]""", """{"tools":[1],"label":2}""", 0,
            [("\"a\"", null), ("\"b\"", null)]);
        var row = Assert.Single(Rows(ExportLayout.Pairs, new(item, [new([0, 1], null, null, null, 1)], [])));
        Assert.Equal(
            """{"prompt":[{"role":"user","content":"p"}],"chosen":"""
            + """[{"role":"assistant","content":"a"}],"rejected":[{"role":"assistant","content":"b"}],"item":1,"tools":[1]}""",
            row.ToJsonString());
        Assert.Equal("\n\nHuman: p\n\nAssistant: b",
            (string)Rows(ExportLayout.Hh, new(item, [new([0, 1], null, null, null, 1)], []))[0]["rejected"]!);
    }

    static AnnotatorRanking Rated(params int[] levels) =>
        AnnotatorRanking.FromAnnotation(new() {
            Result = new() { Outcome = Outcome.Rated, Ratings = [.. levels.Select(level => (int?)level)] }, Shown = [0, 1, 2] }, null);

    static List<JsonNode> Rows(ExportLayout layout, ItemComparisons ballot) => [.. JsonRows.CreateRows(layout, ballot).Select(row =>
    {
        using var bytes = new MemoryStream();
        row(bytes);
        return JsonNode.Parse(bytes.ToArray())!;
    })];

    [Fact]
    public void TheSameStateGivesTheSameBytesAndTheManifestTheirHash()
    {
        var options = new ExportOptions { Layout = ExportLayout.Rankings, HeldOut = 0.5, Seed = 3, Flagged = Flagged.Include };
        var one = store.Exports.Snapshot(project, options, folder.File("one"), owner.Id);
        time.Pass(TimeSpan.FromHours(1));
        var other = store.Exports.Snapshot(project, options, folder.File("other"));
        Assert.Equal(one.Files, other.Files);
        foreach (var file in one.Files)
        {
            var bytes = File.ReadAllBytes(Path.Combine(folder.File("other"), file.Name));
            Assert.Equal((file.Bytes, file.Sha256), (bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes))));
        }
        var manifest = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.File("one"), "manifest.json")))!;
        Assert.Equal(one.Files[0].Sha256, (string)manifest["files"]![0]!["sha256"]!);
        Assert.Equal("exported", store.Audit.Newest(project.Id)[0].Action);
    }

    [Fact]
    public void APromptKeepsItsSideInALaterAndLargerExport()
    {
        for (var i = 0; i < 4; i++)
            time.Pass(TimeSpan.FromDays(1));
        var options = new ExportOptions { HeldOut = 0.5, EachVote = true, Flagged = Flagged.Include };
        var (small, large) = (Sides(options with { People = ["Ann"] }), Sides(options));
        Assert.True(small.Count < large.Count);
        Assert.All(small, side => Assert.Equal(large[side.Key], side.Value));
        Assert.Contains(true, large.Values);
        Assert.Contains(false, large.Values);
    }

    Dictionary<string, bool> Sides(ExportOptions options)
    {
        var target = folder.File($"{Guid.NewGuid():N}");
        store.Exports.Snapshot(project, options, target);
        return new[] { "train", "heldout" }.SelectMany(name => File.ReadAllLines(Path.Combine(target, $"{name}.jsonl"))
            .Select(line => (Prompt: (string)JsonNode.Parse(line)!["prompt"]!, HeldOut: name == "heldout"))).Distinct()
                .ToDictionary(side => side.Prompt, side => side.HeldOut);
    }

    [Fact]
    public void AFolderThatIsThereIsNotWrittenOverAndNothingHalfIsLeft()
    {
        store.Exports.Snapshot(project, new(), folder.File("pairs"));
        Assert.Throws<InvalidDataException>(() => store.Exports.Snapshot(project, new(), folder.File("pairs")));
        store.Exports.Snapshot(project, new() { Flagged = Flagged.Include }, folder.File("pairs"), replace: true);
        Assert.Equal(3, File.ReadAllLines(Path.Combine(folder.File("pairs"), "train.jsonl")).Length);
        Directory.CreateDirectory(folder.File("mine"));
        Assert.Throws<InvalidDataException>(() => store.Exports.Snapshot(project, new(), folder.File("mine"), replace: true));
        Assert.Contains("no person named Zoe", Assert.Throws<InvalidDataException>(() =>
            store.Exports.Preview(project, new() { People = ["Zoe"] })).Message, StringComparison.Ordinal);
        Assert.Equal(["mine", "pairs"], Directory.GetDirectories(folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void ASpreadsheetHasARowADecisionAndRunsNoFormula()
    {
        var last = store.Annotations.Recent(project.Id, store.People.Find("Ann")!.Id, 1)[0];
        store.Annotations.Edit(project, last.Person, last.Id, 1,
            last.Result.AsShown(last.Shown) with { Rationale = "=cmd|' /C calc'!A0", Ideal = "+1; =2;\"@3\"\t-4\n+5, \"so\"" });
        var lines = Lines(new() { Layout = ExportLayout.Csv, Flagged = Flagged.Include });
        Assert.Equal(17, lines.Count);     // a header, and 3 × 5 decisions with skips, one of them on two lines
        Assert.Equal([0xEF, 0xBB, 0xBF, (byte)'d'],
            File.ReadAllBytes(Directory.GetFiles(folder.Path, "decisions.csv", SearchOption.AllDirectories)[0])[..4]);
        var row = Assert.Single(lines, line => line.Contains("calc", StringComparison.Ordinal));
        Assert.EndsWith(",\"'=cmd|' /C calc'!A0\",\"'+1;' =2;'\"\"@3\"\"\t'-4", row, StringComparison.Ordinal);
        Assert.Single(lines, line => line.StartsWith("'+5, \"\"so\"\"\",", StringComparison.Ordinal));
    }

    public void Dispose()
    {
        store.Dispose();
        address.Dispose();
        folder.Dispose();
    }
}
