using Attune.Testing.Models;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Environments;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Microsoft.Extensions.AI;

namespace Attune.Training.Tests.Environments;

public sealed class EpisodePlayerTests
{
    static Tokenizer Tokenizer => Episodes.Tokenizer;

    static int[] Turn(string text) => [.. Tokenizer.Encode(text), Tokenizer.EosId!.Value];

    [Fact]
    public void Play_UntilTheEnvironmentEnds_KeepsTurnsAndRepliesInOrder()
    {
        var episode = Episodes.Play(
            before => before.EndsWith(" moo", StringComparison.Ordinal) ? " yes" : " no",
            episode => episode.Turns.Count == 1 ? new Reply(" moo") { Reward = 0.25 } : Reply.End(2));
        int[] reply = Tokenizer.Encode(" moo");
        Assert.Equal([.. Turn(" no"), .. reply, .. Turn(" yes")], episode.Tokens);
        Assert.Equal([.. Turn(" no").Select(_ => true), .. reply.Select(_ => false), .. Turn(" yes").Select(_ => true)], episode.Sampled!);
        Assert.Equal(episode.Sampled!.Select(sampled => sampled ? -1f : 0f), episode.Logprobs);
        Assert.True(episode.Ended);
        Assert.Equal(" yes", episode.LastTurn);
        Assert.Equal([" no", " yes"], episode.Turns.Select(turn => turn.Text));
        var rewards = episode.Rewards();
        Assert.Equal((0.25, 2.0), (rewards[Turn(" no").Length - 1], rewards[^1]));
        Assert.Equal(2.25, rewards.Sum());
    }

    [Fact]
    public void Play_MaximumOfTurns_EndsAfterTheReplyToTheLastTurn()
    {
        var episode = Episodes.Play(
            _ => " no", episode => new Reply(" moo") { Reward = episode.Turns.Count }, new() { MaxTurns = 3, MaxTokens = 99 });
        Assert.Equal(3, episode.Turns.Count);
        Assert.False(episode.Ended);
        Assert.Equal(6, episode.Rewards().Sum());
        Assert.True(episode.IsSampled(episode.Tokens.Length - 1));
    }

    [Fact]
    public void Play_NoRoomForAnotherTurn_Ends()
    {
        var length = Turn(" no").Length + Tokenizer.Encode(" moo").Length;
        Assert.Equal(2, Turns(length + 8));
        Assert.Equal(1, Turns(length + 7));

        static int Turns(int maxTokens) => Episodes.Play(
            _ => " no", episode => episode.Turns.Count < 2 ? new Reply(" moo") : Reply.End(), new() { MaxTokens = maxTokens }).Turns.Count;
    }

    [Fact]
    public void Play_TurnThatIsCutOff_EndsWithoutAReply()
    {
        var episode = Episodes.Play(_ => " no…", _ => throw new InvalidOperationException("not asked"));
        Assert.False(episode.Ended);
        Assert.Null(episode.Turns.Single().Reply);
        Assert.Null(episode.Sampled);
    }

    [Theory]
    [InlineData(true, "the environment failed: InvalidOperationException: broken")]
    [InlineData(false, "the environment gave a reply without a text to an episode that goes on")]
    public void Play_EnvironmentThatFails_IsBadInput(bool throws, string message)
    {
        var error = Assert.Throws<InvalidDataException>(() => Episodes.Play(
            _ => " no", _ => throws ? throw new InvalidOperationException("broken") : new Reply("")));
        Assert.Equal(message, error.Message);
    }

    [Fact]
    public void Play_SameRandomSource_GivesEpisodesTheSameSeedsEachTime()
    {
        Assert.Equal(Seeds(1), Seeds(1));
        Assert.NotEqual(Seeds(1), Seeds(2));
        Assert.Equal(6, Seeds(1).Distinct().Count());

        static List<ulong> Seeds(ulong seed)
        {
            var seeds = new List<ulong>();
            using var player = new EpisodePlayer(
                new FunctionEnvironment(episode =>
                {
                    seeds.Add(episode.Seed);
                    return Reply.End();
                }),
                new(Tokenizer, [Tokenizer.EosId!.Value]), new());
            using var random = new RandomSource(seed);
            player.Play(
                [new(Tokenizer.Encode("a"), "a"), new(Tokenizer.Encode("b"), "b")], new ScriptedPolicy(Tokenizer, _ => " no"), new(),
                random, samples: 3);
            return seeds;
        }
    }

    [Fact]
    public void Play_ToolInAConversation_ReadsWhatTheTemplateWrites()
    {
        var tokenizer = Tokenizer.WithChatMl(specialTokens: true);
        var options = new EpisodeOptions { Tools = [new FunctionTool(AIFunctionFactory.Create((int a, int b) => a + b, "add"))] };
        var (player, tools) = options.Connect(new(tokenizer), [tokenizer.EosId!.Value]);
        using var playing = player;
        var conversation = new Conversation([new("user", "2 + 3")]) { Tools = tools };
        var prompt = ChatTemplate.FromTokenizer(tokenizer).Render(conversation, addGenerationPrompt: true).Text;
        const string Call = """<tool_call>{"name": "add", "arguments": {"a": 2, "b": 3}}</tool_call>""";
        var policy = new ScriptedPolicy(
            tokenizer, before => before.EndsWith("tool\n5<|im_end|>\n<|im_start|>assistant\n", StringComparison.Ordinal) ? "five" : Call);
        using var random = new RandomSource(1);
        var episode = (EpisodeResponse)player.Play(
            [new(tokenizer.Encode(prompt), prompt) { IsConversation = true }], policy, new() { MaxNewTokens = 80 }, random, samples: 1)[0];
        Assert.Equal([prompt, $"{prompt}{Call}<|im_end|>\n<|im_start|>tool\n5<|im_end|>\n<|im_start|>assistant\n"], policy.Read);
        Assert.Equal("five", episode.LastTurn);
        Assert.True(episode.Ended);
        Assert.Equal((1, 0), (episode.Turns[0].Reply!.ToolCalls, episode.Turns[0].Reply!.ToolErrors));
    }

    [Fact]
    public void Rollouts_OfEpisodes_MaskReplies()
    {
        var episode = Episodes.Play(_ => " no", episode => episode.Turns.Count == 1 ? new Reply(" moo moo") : Reply.End(1));
        var rollouts = Rollouts.From([new(Tokenizer.Encode("The cat"), "The cat")], [episode], Device.Cpu);
        Assert.Equal(episode.Sampled!, rollouts.Mask.ToArray<bool>());
        Assert.Equal(2 * Turn(" no").Length, rollouts.TokenCount);
        Assert.Equal(episode.SampledTokens.Select(token => (long)token), rollouts.FlatTokens.ToArray<long>());
        Assert.Equal(
            Enumerable.Range(0, episode.Tokens.Length).Where(episode.IsSampled).Select(at => (long)at),
            rollouts.TokenIndices.ToArray<long>());
        Assert.Equal(1, new EnvironmentReward().Build(Rewards.Rewarded.Context()).Score(rollouts).Totals.Single());
        Assert.Equal(" no", TextResponse.FromRollouts(rollouts, Tokenizer).Single().Text);
    }

    [Fact]
    public void Policy_PenaltiesOfAResponse_BeginAgainWithEachTurn()
    {
        // the frequency penalty counts the tokens of a turn: so the second turn has the log-probabilities that it was sampled with
        var policy = new Policy(TinyModel.Gpt2(), Tokenizer, new() { FrequencyPenalty = 5 });
        int[] prompt = [3, 4], turn = [5, 5, 6], reply = [7, 5];
        var whole = new EpisodeResponse([.. turn, .. reply, .. turn], new float[2 * turn.Length + reply.Length], [], true, [])
        {
            Sampled = [.. turn.Select(_ => true), .. reply.Select(_ => false), .. turn.Select(_ => true)],
        };
        var second = new Generation.Response(turn, new float[turn.Length], [], true);
        int[] before = [.. prompt, .. turn, .. reply];
        Assert.Equal(
            policy.Logprobs(Rollouts.From([new(before, "")], [second], Device.Cpu)).ToArray<float>(),
            policy.Logprobs(Rollouts.From([new(prompt, "")], [whole], Device.Cpu)).ToArray<float>()[^turn.Length..],
            (expected, found) => Math.Abs(expected - found) < 1e-5);
    }
}
