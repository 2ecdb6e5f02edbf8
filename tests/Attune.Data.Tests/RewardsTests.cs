using System.Text.Json;
using Attune.Testing;
using Attune.Text;
using Attune.Text.Trainers;

namespace Attune.Data.Tests;

/// <summary>Responses with rewards: their layouts, their tokens, and which token gets a reward.</summary>
public sealed class RewardsTests : IDisposable
{
    static readonly Origin Origin = new("data.jsonl", 3);
    static readonly Tokenizer Tokenizer = BytePairTrainer.Train(["abc"], new() { VocabularySize = 257 });     // a token for each byte
    static readonly int Eos = Tokenizer.EosId!.Value;

    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("""{"prompt":"q","completion":"a","reward":0.5}""", "0.5", """{"prompt":"q","completion":"a","reward":0.5}""")]
    [InlineData("""{"prompt":"q","completion":"a","reward":[1,2]}""", "1|2", """{"prompt":"q","completion":"a","reward":[1,2]}""")]
    [InlineData("""{"sample":"a","reward":-1}""", "-1", """{"prompt":"","completion":"a","reward":-1}""")]
    [InlineData("""{"sample":["q","a","r","b"],"reward":2}""", "2", """{"sample":["q","a","r","b"],"reward":2}""")]
    [InlineData("""{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"reward":3}""", "3",
        """{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"reward":3}""")]
    public void Read_RowWithReward_IsReadAndWritten(string line, string rewards, string written)
    {
        var example = Assert.IsType<RewardedExample>(Only(line));
        Assert.Equal(rewards, string.Join('|', example.Rewards));
        Assert.True(JsonElement.DeepEquals(
            JsonElement.Parse(written), JsonElement.Parse(ExampleWriter.ToJson(example).ToJsonString())));
        Assert.Equal(example.Rewards, Assert.IsType<RewardedExample>(Only(written)).Rewards);
    }

    [Theory]
    [InlineData("""{"prompt":"q","completion":"a","reward":"good"}""", "'reward' must be a number, or a list of numbers (was \"good\")")]
    [InlineData("""{"prompt":"q","completion":"a","reward":null}""", "`reward` is null")]
    [InlineData("""{"sample":["q","a","r"],"reward":1}""", "'sample' must be a text, or a list of prompts and responses in turn")]
    [InlineData("""{"sample":[],"reward":1}""", "'sample' must be a text, or a list")]
    public void Read_WrongReward_NamesTheField(string line, string expected) =>
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => Only(line)).Message);

    [Fact]
    public void Read_CsvCells_AreNumbersAndLists()
    {
        var file = folder.Write("a.csv", "prompt,completion,reward\nq,ab,0.25\nq,ab,\"[1, 2]\"\n");
        Assert.Equal(["0.25", "1|2"], Dataset.Read(file).Select(example => string.Join('|', ((RewardedExample)example).Rewards)));
    }

    [Fact]
    public void Read_ForAnotherMethod_SaysWhatToIgnore()
    {
        var file = folder.Write("r.jsonl", """{"prompt":"q","completion":"a","reward":1}""");
        var error = Assert.Throws<InvalidDataException>(
            () => Dataset.Read(file, new() { Use = DataUse.Demonstrations, Reader = "sft", Methods = _ => ["ilql"] }).ToList());
        Assert.Contains(
            "responses with rewards, which ilql reads. `data.ignore: [reward]` leaves the rewards out: all responses are then read alike.",
            error.Message);
        Assert.Single(Dataset.Read(file, new() { Use = DataUse.Demonstrations, Ignore = ["reward"] }));
    }

    [Theory]
    [InlineData("5", "0|0|0|5")]
    [InlineData("1,2,3", "1|2|3|0")]
    [InlineData("1,2,3,4", "1|2|3|4")]
    public void Encode_RewardsOfOneResponse_AreAtItsTokens(string rewards, string expected)
    {
        var example = new RewardedExample(Origin, new Demonstration(Origin, "q", "abc"), Numbers(rewards));
        var response = Assert.Single(new TextEncoder(Tokenizer, 64).EncodeRewards(example)!.Responses);
        Assert.Equal([.. Tokenizer.Encode("qabc"), Eos], response.Row.Tokens);
        Assert.Equal(expected, string.Join('|', response.Rewards));
        Assert.Equal(Numbers(rewards).Sum(), response.Return);
    }

    [Theory]
    [InlineData("5", "0|0|0|0|5")]
    [InlineData("1,2", "0|1|0|0|2")]
    [InlineData("1,2,3,4", "1|2|3|4|0")]
    public void Encode_RewardsOfTwoResponses_AreAtTheirEnds(string rewards, string expected)
    {
        var example = new RewardedExample(Origin, new AlternatingTexts(Origin, ["q", "ab", "rs", "cd"]), Numbers(rewards));
        var response = Assert.Single(new TextEncoder(Tokenizer, 64).EncodeRewards(example)!.Responses);
        Assert.Equal([.. Tokenizer.Encode("qabrscd"), Eos], response.Row.Tokens);
        bool[] learned = [false, true, true, false, false, true, true, true];
        Assert.Equal(learned, response.Row.LossMask);
        Assert.Equal(expected, string.Join('|', response.Rewards));
    }

    [Fact]
    public void Encode_OtherNumberOfRewards_IsRefused()
    {
        var example = new RewardedExample(Origin, new Demonstration(Origin, "q", "abcdef"), [1, 2]);
        var error = Assert.Throws<InvalidDataException>(() => new TextEncoder(Tokenizer, 64).EncodeRewards(example));
        Assert.Contains(
            "data.jsonl, line 3: `reward` has 2 numbers; it must have one for each response (1), one for each response token (7",
            error.Message);
    }

    [Fact]
    public void Encode_ResponseThatIsCut_KeepsItsReturn()
    {
        var example = new RewardedExample(Origin, new Demonstration(Origin, "q", "abcd"), [1, 2, 3, 4]);
        var response = Assert.Single(new TextEncoder(Tokenizer, 3).EncodeRewards(example)!.Responses);
        Assert.Equal("1|9", string.Join('|', response.Rewards));
        Assert.Null(new TextEncoder(Tokenizer, 3, OverlongExamples.Drop).EncodeRewards(example));
    }

    [Fact]
    public void Encode_TextWithoutPrompt_FollowsTheBeginningOfTextOrTheEndToken()
    {
        var example = new RewardedExample(Origin, new Demonstration(Origin, "", "ab"), [1]);
        var response = Assert.Single(new TextEncoder(Tokenizer, 64).EncodeRewards(example)!.Responses);
        Assert.Equal([Eos, .. Tokenizer.Encode("ab"), Eos], response.Row.Tokens);
        Assert.Equal(3, response.Row.TargetCount);
    }

    [Fact]
    public void Encode_ForAnEncoderDecoder_TheLastResponseIsTheTarget()
    {
        var example = new RewardedExample(Origin, new AlternatingTexts(Origin, ["q", "ab", "rs", "cd"]), [1]);
        var response = Assert.Single(new TextEncoder(Tokenizer, 64, startToken: 7).EncodeRewards(example)!.Responses);
        Assert.Equal([.. Tokenizer.Encode("qabrs"), Eos], response.Row.Source!);
        Assert.Equal([7, .. Tokenizer.Encode("cd"), Eos], response.Row.Tokens);
        Assert.Equal("0|0|1", string.Join('|', response.Rewards));
    }

    [Theory]
    [InlineData("""{"prompt":"q","completions":["a","b","c"],"ranks":[1,0,2]}""", "0.5|1|0")]
    [InlineData("""{"prompt":"q","completions":["a","b","c"],"ranks":[0,0,1]}""", "1|1|0")]
    [InlineData("""{"prompt":"q","completions":["a","b","c"],"ranks":[0,null,1]}""", "1|0")]
    [InlineData("""{"prompt":"q","responses":["a","b"],"scores":[7,3]}""", "7|3")]
    [InlineData("""{"prompt":"q","chosen":"a","rejected":"b","votes":[7,3]}""", "0.7|0.3")]
    [InlineData("""{"prompt":[{"role":"user","content":"q"}],"chosen":"a","rejected":"b"}""", "1|0")]
    public void Comparisons_ScoresOrTheShareThatIsWon_AreRewards(string line, string expected)
    {
        var example = Only(line);
        Assert.True(DataUses.Serves(example, DataUse.Rewards));
        var rewards = new TextEncoder(Tokenizer, 256).EncodeRewards(example)!;
        Assert.Equal(expected, string.Join('|', rewards.Responses.Select(response => Math.Round(response.Return, 6))));
    }

    static double[] Numbers(string list) =>
        [.. list.Split(',').Select(number => double.Parse(number, System.Globalization.CultureInfo.InvariantCulture))];

    Example Only(string line) => Assert.Single(Dataset.Read(folder.Write("a.jsonl", line)));
}
