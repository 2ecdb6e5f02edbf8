using Attune.Models;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Generation.Tests;

public sealed class BeamSearchTests
{
    static readonly int[][] Prompts = [[3, 9, 4], [8], [5, 6, 7, 8, 9]];
    static readonly SamplingOptions Short = new() { MaxNewTokens = 2 };

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public void AsManyBeamsAsTokensFindTheLikeliestPairOfAll(string family)
    {
        var model = TinyModel.Of(family);
        var found = Search(model, [], new() { Beams = TinyModel.Vocabulary, Answers = 3, LengthPenalty = 0 }, Short);
        foreach (var (prompt, responses) in Prompts.Zip(found.Chunk(3)))
        {
            var best = Pairs(model, prompt).OrderByDescending(pair => pair.Logprob).Take(3).ToArray();
            Assert.Equal(best.Select(pair => pair.Tokens), responses.Select(response => response.Tokens));
            Assert.All(best.Zip(responses), both => Assert.Equal(both.First.Logprob, both.Second.Score, 1e-4));
        }
    }

    [Fact]
    public void OneBeamIsGreedy()
    {
        using var random = new RandomSource(1);
        var model = TinyModel.Gpt2();
        var generator = new TextGenerator(model, TinyModel.Pad, [TinyModel.Eos]);
        var greedy = generator.Generate(Prompts, new() { Temperature = 0, MaxNewTokens = 12 }, random);
        var found = Search(model, [TinyModel.Eos], new() { Beams = 1, EarlyStopping = EarlyStopping.True }, new() { MaxNewTokens = 12 });
        Assert.Equal(greedy.Select(response => response.Tokens), found.Select(response => response.Tokens));
    }

    [Fact]
    public void BatchMatesChangeNothing()
    {
        var model = TinyModel.Llama();
        var options = new BeamOptions { Beams = 3, Answers = 2 };
        var sampling = new SamplingOptions { MaxNewTokens = 12, NoRepeatNgramSize = 2 };
        var alone = Prompts.SelectMany(prompt => Search(model, [5, 9], options, sampling, prompt));
        var together = Search(model, [5, 9], options, sampling);
        Assert.Equal(alone.Select(response => response.Tokens), together.Select(response => response.Tokens));
    }

    [Fact]
    public void ALengthPenaltyFavoursShortOrLongAnswers()
    {
        var model = TinyModel.Gpt2();
        double Length(double penalty) =>
            Search(model, [5, 9, 20], new() { LengthPenalty = penalty }, new() { MaxNewTokens = 12 })
                .Average(response => response.Tokens.Length);
        Assert.True(Length(-3) < Length(3), $"{Length(-3)} and {Length(3)}");
    }

    [Fact]
    public void NothingStaysBehindAfterASearch()
    {
        var model = TinyModel.Gpt2();
        Leaks.None(() => Search(model, [5], new(), new() { MaxNewTokens = 12 }));
    }

    static IReadOnlyList<BeamResponse> Search(
        LanguageModel model, int[] eosIds, BeamOptions options, SamplingOptions sampling, params int[][] prompts) =>
        new BeamSearch(model, TinyModel.Pad, eosIds).Search(prompts.Length > 0 ? prompts : Prompts, options, sampling);

    /// <summary>Every response of two tokens with its log-probability, computed without a cache.</summary>
    static IEnumerable<(int[] Tokens, double Logprob)> Pairs(LanguageModel model, int[] prompt)
    {
        for (var first = 0; first < TinyModel.Vocabulary; first++)
        {
            using var scope = TensorScope.Open();
            long[] text = [.. prompt.Select(token => (long)token), first];
            var logprobs = model.Logits(model.HiddenStates(new(Tensor.From(text, 1, text.Length)))).LogSoftmax(-1).Select(0, 0);
            var before = logprobs.Select(0, -2).ToArray<float>()[first];
            foreach (var (second, logprob) in logprobs.Select(0, -1).ToArray<float>().Index())
                yield return ([first, second], before + logprob);
        }
    }
}
