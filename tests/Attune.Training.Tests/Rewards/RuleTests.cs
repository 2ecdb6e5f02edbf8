using System.Text.Json;
using Attune.Data;
using Attune.Quickstart;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Training.Options;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Rewards;

/// <summary>Scores of rules, computed by hand.</summary>
public sealed class RuleTests
{
    [Theory]
    [InlineData(LengthUnit.Tokens, 0, 5)]                      // of six tokens, the last of which ends the answer
    [InlineData(LengthUnit.Words, 0, 3)]
    [InlineData(LengthUnit.Characters, 0, 14)]
    [InlineData(LengthUnit.Words, 4, -0.25)]
    [InlineData(LengthUnit.Words, 2, -0.5)]
    [InlineData(LengthUnit.Words, 3, 0)]
    public void LengthCountsWhatItIsToldTo(LengthUnit unit, int target, double expected) =>
        Rates(expected, new LengthReward { Unit = unit, Target = target }, "one two  three");

    [Theory]
    [InlineData("[0-9]+", false, false, false, "room 12 or 7", 1)]
    [InlineData("[0-9]+", false, false, true, "room 12 or 7", 2)]
    [InlineData("[0-9]+", true, false, false, "room 12", 0)]
    [InlineData("[0-9]+|x", true, false, false, "12", 1)]
    [InlineData("a|b", true, false, false, "ab", 0)]
    [InlineData("ROOM", false, false, false, "room", 0)]
    [InlineData("ROOM", false, true, false, "room", 1)]
    public void RegexFindsAPattern(string pattern, bool whole, bool ignoreCase, bool count, string text, double expected) =>
        Rates(expected, new RegexReward { Pattern = pattern, Whole = whole, IgnoreCase = ignoreCase, Count = count }, text);

    [Fact]
    public void APatternThatBacktracksForeverIsSaidByName()
    {
        var error = Assert.Throws<InvalidDataException>(
            () => new RegexReward { Name = "slow", Pattern = "(a+)+$" }.Score(New(new string('a', 40) + "b")));
        Assert.StartsWith("the reward 'slow' stopped matching /(a+)+$/ against \"aaaa", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Good morning, dear guest.", false, 1)]
    [InlineData("a good mornings guest", false, 0.5)]           // "good morning" is not whole
    [InlineData("Guests", false, 0)]
    [InlineData("mornings good morning", false, 0.5)]
    [InlineData("Guest", true, 0)]
    public void KeywordsCountWholeWords(string text, bool matchCase, double expected) =>
        Rates(expected, new KeywordsReward { Words = ["good morning", "guest"], MatchCase = matchCase }, text);

    [Theory]
    [InlineData("a b c d", 3, 0)]
    [InlineData("a b A B a b", 2, -0.6)]                        // ab ba ab ba ab: 2 of 5 differ
    [InlineData("a a", 3, 0)]
    [InlineData("a a a a", 1, -0.75)]
    public void RepetitionCountsNgramsThatComeAgain(string text, int ngram, double expected) =>
        Rates(expected, new RepetitionReward { Ngram = ngram }, text);

    [Theory]
    [InlineData("""{"name": "x", "age": 3}""", 1, 1)]
    [InlineData("""{"name": "x"}""", 1, 0)]
    [InlineData(" [1, 2] ", 1, 0)]
    [InlineData("""{"name": """, 0, 0)]
    [InlineData("", 0, 0)]
    [InlineData("Here it is: {}", 0, 0)]
    [InlineData("{\"\\ud800\": 1, \"name\": 2}", 1, 0)]
    public void JsonMustBeWholeAndHaveItsKeys(string text, double plain, double withKeys)
    {
        Numeric.Close(plain, new JsonReward().ToRule().Score(New(text)), "plain", 0, 0);
        Numeric.Close(withKeys, new JsonReward { Required = ["name", "age"] }.ToRule().Score(New(text)), "with keys", 0, 0);
    }

    [Theory]
    [InlineData("[1, 2]", 1)]
    [InlineData("[1, \"two\"]", 0)]
    [InlineData("{\"1\": 1}", 0)]
    [InlineData("[1,", 0)]
    public void JsonSchema_Response_MustFollowIt(string text, double expected)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("schema.json", """{"$id":"https://example.org/numbers","type":"array","items":{"type":"integer"}}""");
        var (one, same) = (new JsonReward { Schema = file }.ToRule(), new JsonReward { Schema = file }.ToRule());
        Assert.Equal((expected, expected), (one.Score(New(text)), same.Score(New(text))));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{\"type\": 3}")]
    [InlineData("{\"$ref\": \"#/nowhere\"}")]
    public void JsonSchema_ThatIsNone_IsNamed(string schema)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("schema.json", schema);
        var error = Assert.Throws<InvalidDataException>(() => new JsonReward { Schema = file }.ToRule().Score(New("[1]")));
        Assert.StartsWith($"{file} must be a JSON schema: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"Paris\"", " paris ", false, 1)]
    [InlineData("\"Paris\"", "paris", true, 0)]
    [InlineData("[\"NYC\", \"New  York\"]", "new york", false, 1)]
    [InlineData("42", "42", false, 1)]
    [InlineData("\"Paris\"", "Paris, France", false, 0)]
    public void ExactMatchReadsTheRow(string field, string text, bool matchCase, double expected) =>
        Rates(expected, new ExactMatchReward { MatchCase = matchCase }, text, field);

    [Theory]
    [InlineData("1234.5", "First 7, then $1,234.50.", 0, 1)]
    [InlineData("-3", "it is -3", 0, 1)]
    [InlineData("3", "pages 5-3", 0, 1)]
    [InlineData("\"so 4 and 5 make #### 9\"", "9", 0, 1)]
    [InlineData("10", "about 11", 0.5, 0)]
    [InlineData("10", "about 11", 1, 1)]
    [InlineData("0.3", "0.30", 0, 1)]
    [InlineData("10", "ten", 5, 0)]
    [InlineData("2000", "2e3", 0, 1)]
    public void NumberTakesTheLastOne(string field, string text, double tolerance, double expected) =>
        Rates(expected, new NumberReward { Tolerance = tolerance }, text, field);

    /// <summary>Repetition of token n-grams; numbers are those of TRL's tests of get_repetition_penalty_reward.</summary>
    [Theory]
    [InlineData(2, new[] { 1, 2, 3, 4 }, 0)]
    [InlineData(2, new[] { 5, 5, 5, 5, 5 }, -0.75)]
    [InlineData(2, new[] { 1, 2, 1, 2, 1, 2 }, -0.6)]
    [InlineData(3, new[] { 1, 2 }, 0)]
    [InlineData(3, new[] { 1, 2, 3 }, 0)]
    [InlineData(3, new int[0], 0)]
    [InlineData(2, new[] { 1, 2, 3, 1, 2, 3 }, -0.4)]
    [InlineData(3, new[] { 1, 2, 3, 1, 2, 3 }, -0.25)]
    public void Repetition_OfTokens_IsTrls(int ngram, int[] tokens, double expected) => Numeric.Close(
        expected,
        new RepetitionReward { Ngram = ngram, Unit = LengthUnit.Tokens }.Score(
            New("") with { Response = new([.. tokens, 0], [], [], Ended: true) }),
        "repetition", 1e-12, 0);

    [Theory]
    [InlineData("<think>so 3</think> 5", 1)]
    [InlineData("<think>so 5</think> 3", 0)]
    [InlineData("5", 0)]                                        // the delimiter is missing
    [InlineData("</think>3</think>5", 1)]
    public void After_CountsOnlyTheTextBehindIt(string text, double expected)
    {
        Rates(expected, new NumberReward { After = "</think>" }, text, "5");
        Rates(expected, new ExactMatchReward { After = "</think>" }, text, "5");
    }

    /// <summary>Texts are those of TRL's tests of think_format_reward.</summary>
    [Theory]
    [InlineData("<think>This is my reasoning.</think>This is my answer.", 1)]
    [InlineData("<think>\nThis is my reasoning.\n</think>\nThis is my answer.", 1)]
    [InlineData("<think>\nThis is\nmy reasoning.\n</think>\nThis is my answer.", 1)]
    [InlineData("<think>\nThis is <some tag> my reasoning.</think>\nThis is my answer.", 1)]
    [InlineData("<think></think>\nThis is my answer.", 1)]
    [InlineData("<think>\nThis is my reasoning.\nThis is my answer.", 0)]
    [InlineData("This is my reasoning. This is my answer.", 0)]
    [InlineData("This is my reasoning.</think>\nThis is my answer.", 0)]
    [InlineData("This<think>is my reasoning.</think>\nThis is my answer.", 0)]
    [InlineData("<think>This is<think>my reasoning.</think></think>This is my answer.", 0)]
    [InlineData("<think>This is</think>\nmy\n<think>reasoning.</think>\nThis is my answer.", 0)]
    public void ThinkFormat_IsTrls(string text, double expected) => Rates(expected, new ThinkFormatReward(), text);

    [Theory]
    [InlineData(@"\boxed{\frac{1}{3}}", @"\frac{1}{3}", 1)]     // TRL's examples of accuracy_reward
    [InlineData(@"\boxed{\frac{1}{2}}", @"\frac{1}{3}", 0)]
    [InlineData(@"so \boxed{1}, no, \boxed{2}.", "2", 1)]
    [InlineData(@"so \boxed{1}, no, \boxed{2}.", "1", 0)]
    [InlineData("it is 2", "2", 0)]                             // no box
    [InlineData(@"\boxed{2", "2", 0)]
    [InlineData(@"\boxed{0.5}", @"\dfrac12", 1)]
    [InlineData(@"\boxed{1/2}", @"\frac{1}{2}", 1)]
    [InlineData(@"\boxed{-\tfrac{3}{4}}", "-0.75", 1)]
    [InlineData(@"\boxed{\frac{12}{5}}", "2.4", 1)]
    [InlineData(@"\boxed{50\%}", "0.5", 1)]
    [InlineData(@"\boxed{1{,}234.5}", "1234.5", 1)]
    [InlineData(@"\boxed{\$1,234}", "1234", 1)]
    [InlineData(@"\boxed{12 \text{ cm}^2}", "12", 1)]
    [InlineData(@"\boxed{x = 90^\circ}", "90", 1)]
    [InlineData(@"\boxed{\left( 3, \frac{\pi}{2} \right)}", @"(3,\frac{\pi}{2})", 1)]
    [InlineData(@"\boxed{(1, 0.5)}", @"(1, \frac12)", 1)]
    [InlineData(@"\boxed{[1, 2)}", "(1, 2)", 0)]
    [InlineData(@"\boxed{2\sqrt3}", @"2\sqrt{3}", 1)]
    [InlineData(@"\boxed{\text{Evelyn}}", "Evelyn", 1)]
    [InlineData(@"\boxed{x+1}", "1+x", 0)]                      // no algebra
    [InlineData(@"\boxed{}", "0", 0)]
    public void Boxed_ComparesTheLastBox(string text, string answer, double expected)
    {
        Rates(expected, new BoxedReward(), text, JsonSerializer.Serialize(answer));
        Rates(expected, new BoxedReward(), text, JsonSerializer.Serialize($@"The answer is \boxed{{{answer}}}"));
    }

    /// <summary>Numbers are those of TRL's tests of get_cosine_scaled_reward.</summary>
    [Theory]
    [InlineData(25, true, 0.92678)]
    [InlineData(75, true, 0.57322)]
    [InlineData(50, true, 0.75)]
    [InlineData(25, false, -0.92678)]
    [InlineData(75, false, -0.57322)]
    [InlineData(50, false, -0.75)]
    [InlineData(300, true, 0.5)]
    [InlineData(300, false, -0.5)]
    public void Cosine_IsTrls(int length, bool isCorrect, double expected) => Numeric.Close(
        expected,
        new CosineReward { MaxLength = 100 }.Score(
            New(isCorrect ? @"\boxed{1}" : @"\boxed{2}", "1") with { Response = new(new int[length], [], [], Ended: true) }),
        "cosine", 1e-5, 0);

    /// <summary>RL4LMs' formula: increasing numbers / max(words, 10).</summary>
    [Theory]
    [InlineData("1 2 3", 20, 0.3)]
    [InlineData("1 2 3", 4, 1)]
    [InlineData("1 3 2 4 5", 4, 0.4)]                           // what follows the first fall does not count
    [InlineData("one 1 two 2.5 3e1", 2, 0.6)]
    [InlineData("-2 -1 -1", 2, 2 / 3.0)]
    [InlineData("1 2 3 4 5 6 7 8 9 10 11 12", 20, 1)]
    [InlineData("no numbers", 2, 0)]
    [InlineData("", 20, 0)]
    public void IncreasingNumbers_IsRl4lms(string text, int minWords, double expected) =>
        Rates(expected, new IncreasingNumbersReward { MinWords = minWords }, text);

    [Theory]
    [InlineData("It closes on 2026-11-30.", 1)]
    [InlineData("It closes on 30.11.2026.", 0)]
    [InlineData("12345-67-890", 1)]                             // RL4LMs does not check that it is a date
    public void Dates_IsRl4lms(string text, double expected) => Rates(expected, new DatesReward(), text);

    [Theory]
    [InlineData("""{"name": "the cat", "sound": ["meow", "purr"], "note": ""}""")]
    [InlineData("""[["name", "the cat"], ["sound", "meow purr"]]""")]
    [InlineData("""[["the", "is a", "cat"], ["meow", "or", "purr"]]""")]
    public void Parent_ReadsTheTableOfTheRow(string table)
    {
        var rollouts = Rewarded.Rollouts("The cat says", " meow", " woof");
        var row = new Row(new("a", 1), JsonElement.Parse($$"""{"references":["the cat says meow"],"table":{{table}},"no":[["a"]]}"""));
        rollouts = rollouts with { Prompts = [.. rollouts.Prompts.Select(prompt => prompt with { Row = row })] };
        var expected = new Attune.Reporting.TextMetrics.Parent { Lambda = null }.Scores([.. ((string[])["meow", "woof"]).Select(text =>
            new Attune.Reporting.TextMetrics.ReferencedText(text, ["the cat says meow"])
            {
                Table = [new("", "the cat"), new("", "meow purr")],
            })]);
        Assert.Equal(expected, new ParentReward { Lambda = null }.Build(Rewarded.Context()).Score(rollouts).Totals);
        Assert.True(expected[0] > expected[1]);
        Assert.StartsWith("a, line 1: 'no' must hold a table with at least one value", Assert.Throws<InvalidDataException>(() =>
            new ParentReward { Table = "no" }.Build(Rewarded.Context()).Score(rollouts)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TextMetrics_ScoreResponsesAgainstReferencesOfTheRow()
    {
        var rollouts = Rewarded.Rollouts("The cat says", "The cat", "dog");
        var row = new Row(new("a", 1), JsonElement.Parse("""{"references":["the cat sat","the cat"],"none":[]}"""));
        rollouts = rollouts with { Prompts = [.. rollouts.Prompts.Select(prompt => prompt with { Row = row })] };
        Assert.Equal([1.0, 0], new RougeReward().Build(Rewarded.Context()).Score(rollouts).Totals);
        Assert.Equal([1.0, 1 - 2 / 2.5], new TerReward().Build(Rewarded.Context()).Score(rollouts).Totals);
        Assert.Equal(
            "a, line 1: 'none' must hold at least one text (was an empty list)",
            Assert.Throws<InvalidDataException>(
                () => new BleuReward { Field = "none" }.Build(Rewarded.Context()).Score(rollouts)).Message);
    }

    [Fact]
    public void ARowThatLacksTheFieldIsSaidWithItsLine()
    {
        Assert.Equal(
            "prompts.jsonl, line 7: 'result' must be present (was nothing)",
            Assert.Throws<InvalidDataException>(() => new NumberReward { Field = "result" }.Score(New("1", "1"))).Message);
        Assert.StartsWith(
            "prompts.jsonl, line 7: the field 'answer' must hold a number",
            Assert.Throws<InvalidDataException>(() => new NumberReward().Score(New("1", "\"none\""))).Message, StringComparison.Ordinal);
        Assert.Contains(
            "is not from a data file", Assert.Throws<InvalidDataException>(() =>
            new ExactMatchReward().Score(New("1"))).Message, StringComparison.Ordinal);
        Assert.Contains(
            "surrogate", Assert.Throws<InvalidDataException>(() =>
            new ExactMatchReward().Score(New("1", "\"\\ud800\""))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheGuestKnowsAGoodAnswer()
    {
        using var folder = new TemporaryFolder();
        var source = new GuestReward { Folder = Repository.PathTo("data", "frontdesk") }.Build(Rewarded.Context());
        var scores = source.Score(Rewarded.Rollouts(
            "Guest: Is there a pool?\nDesk:",
            " Good morning! The pool is open from 7 to 22 on the first floor, and we will bring you towels.", " no no no")).Totals;
        Assert.True(scores[0] > scores[1] + 2, $"{scores[0]} and {scores[1]}");
        Assert.Throws<InvalidDataException>(() => new GuestReward { Folder = folder.Path }.Build(Rewarded.Context()));
    }

    [Fact]
    public void FieldsOfAPromptsRowReachTheAnswers()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("prompts.jsonl", """{"prompt":"The cat says","answer":"meow"}""" + "\n");
        var prompt = new TextEncoder(TinyData.Tokenizer, 48).EncodePrompt(Dataset.Read(file).Single(), room: 8)!;
        Assert.Equal("meow", prompt.Row!.Required("answer").GetString());
    }

    static void Rates(double expected, RuleReward rule, string text, string? field = null)
    {
        Assert.Empty(Validation.Check(rule));
        Numeric.Close(expected, rule.Score(New(text, field)), rule.Kind, 1e-12, 0);
    }

    /// <summary>A response of six tokens to a prompt of line 7, whose row has a field "answer" in JSON.</summary>
    static TextResponse New(string text, string? field = null) => new(
        new([1], "a prompt") { Row = field is null
            ? null
            : new(new("prompts.jsonl", 7), JsonElement.Parse($$"""{"prompt":"a prompt","answer":{{field}}}""")) },
        text, new([1, 2, 3, 4, 5, 0], [], [], Ended: true));
}
