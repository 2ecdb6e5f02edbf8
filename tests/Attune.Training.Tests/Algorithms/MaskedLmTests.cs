using Attune.Data;
using Attune.Models;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Text;
using Attune.Text.Trainers;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Recipes;

namespace Attune.Training.Tests.Algorithms;

public sealed class MaskedLmTests : IDisposable
{
    static readonly ModelShape Shape = new() { Family = "bert", Layers = 1, Width = 32, Heads = 2, Context = 48 };

    readonly TensorScope scope = TensorScope.Open();
    readonly TinyRuns runs = new();

    public void Dispose()
    {
        runs.Dispose();
        scope.Dispose();
    }

    [Fact]
    public void TheLossIsThatOfHiddenTokensGivenWhatIsShown()
    {
        var model = New(TinyData.WordPieces);
        var objective = new MaskedLm(model, TinyData.WordPieces, new() { Masking = new() { Probability = 0.5 } }, seed: 1);
        MaskedRow[] rows = [.. Rows("The cat says meow.", "The dog says woof and moo.").Select((row, i) => objective.Transform(row, i))];
        var expected = rows.Sum(row =>
        {
            var logprobs =
                model.Logits(model.HiddenStates(new(Tensor.From(Array.ConvertAll(row.Input.Tokens, id => (long)id), 1, row.Labels.Length))))
                .LogSoftmax(-1);
            return row.Labels.Index().Where(token => row.Input.LossMask[token.Index])
                .Sum(token => -logprobs.Select(0, 0).Select(0, token.Index).Select(0, token.Item).Item());
        });
        var count = objective.Count(rows);
        Assert.Equal(rows.Sum(row => row.Input.LossMask.Count(guessed => guessed)), count);
        Numeric.Close(expected / count, objective.Compute(rows, count).Value.Item(), "loss", 1e-5);
    }

    [Fact]
    public void ATextBeginsAndEndsAsTheTokenizerFramesItAndTheFrameIsNeverHidden()
    {
        var tokenizer = TinyData.WordPieces;
        var objective =
            new MaskedLm(New(tokenizer), tokenizer, new() { Masking = new() { Probability = 1, Masked = 1, Random = 0 } }, seed: 1);
        var row = objective.Transform(Rows("The cat says meow.")[0], 0);
        Assert.Equal((tokenizer.ClsId, tokenizer.SepId), (row.Input.Tokens[0], row.Input.Tokens[^1]));
        Assert.All(row.Input.Tokens[1..^1], token => Assert.Equal(tokenizer.MaskId, token));
        Assert.Equal("the cat says meow.", tokenizer.Decode(row.Labels, skipSpecialTokens: true));
    }

    [Fact]
    public void WordsAreFoundByTheMarksOfEachKindOfTokenizer()
    {
        Assert.Equal([false, true], Continuing(TinyData.WordPieces, "c", "##t"));
        Assert.Equal([false, true], Continuing(TinyData.Tokenizer, "Ġsays", "c"));
        var unigram = UnigramTrainer.Train(
            ["a small cat says meow", "a small dog says woof"], new() { VocabularySize = 40, Sentinels = 0 });
        Assert.Equal([false, true], Continuing(unigram, "▁", "s"));

        static bool[] Continuing(Tokenizer tokenizer, params string[] tokens)
        {
            var continuing = WordMarks.Continuing(tokenizer);
            return [.. tokens.Select(token => continuing[tokenizer.TokenToId(token)!.Value])];
        }
    }

    [Fact]
    public void ATokenizerWithoutAMaskTokenIsRefused()
    {
        var error = Assert.Throws<InvalidDataException>(() => new MaskedLm(New(TinyData.Tokenizer), TinyData.Tokenizer, new(), seed: 1));
        Assert.Contains("has no mask_token", error.Message);
    }

    [Fact]
    public void AnObjectiveThatTheModelIsNotBuiltForIsRefused()
    {
        var (encoder, decoder) = ((PretrainRecipe)runs.Recipe("pretrain an encoder", "a"), (PretrainRecipe)runs.Recipe("pretrain", "b"));
        Assert.Contains(
            "must be masked for this model (was causal)", Refused(
            encoder with { Pretrain = new() { Objective = PretrainObjective.Causal } }));
        Assert.Contains(
            "must be causal for this model (was masked)", Refused(
            decoder with { Pretrain = new() { Objective = PretrainObjective.Masked } }));

        string Refused(IRecipe recipe) => Assert.Throws<InvalidDataException>(() => runs.Start("pretrain", recipe)).Message;
    }

    [Fact]
    public void EveryOptionOfMaskingChangesTheOutcome()
    {
        var usual = Loss("usual", new());
        Assert.NotEqual(usual, Loss("more", new() { Probability = 0.5 }));
        Assert.NotEqual(usual, Loss("hidden", new() { Masked = 0 }));
        Assert.NotEqual(usual, Loss("random", new() { Random = 0 }));
        Assert.NotEqual(usual, Loss("words", new() { WholeWords = true }));

        double Loss(string name, MaskingOptions masking)
        {
            var display = new RecordingDisplay();
            var recipe = (PretrainRecipe)runs.Recipe("pretrain an encoder", name, steps: 1);
            runs.Start("pretrain", recipe with { Pretrain = new() { Dropout = false, Masking = masking } }, display);
            return display.Steps[0]["loss"];
        }
    }

    [Fact]
    public void AnEncoderGoesOnFromItsFolderAndBecomesARewardModelButNeverAWriter()
    {
        var first = runs.Start("pretrain", runs.Recipe("pretrain an encoder", "first")).Model;
        var further = (PretrainRecipe)runs.Recipe("pretrain an encoder", "further");
        Assert.True(runs.Start("pretrain", further with { Model = first }).IsFinished);
        var reward = (RewardRecipe)runs.Recipe("reward", "reward");
        Assert.True(runs.Start("reward", reward with { Model = first }).IsFinished);

        var (sft, ppo) = ((SftRecipe)runs.Recipe("sft", "sft"), (PpoRecipe)runs.Recipe("ppo", "ppo"));
        Assert.Contains(
            "which cannot generate text", Assert.Throws<InvalidDataException>(() =>
            runs.Start("sft", sft with { Model = first })).Message);
        Assert.Contains(
            "which cannot generate text", Assert.Throws<InvalidDataException>(() =>
            runs.Start("ppo", ppo with { Model = first })).Message);
    }

    static LanguageModel New(Tokenizer tokenizer)
    {
        using var random = new RandomSource(1);
        return Pretrained.NewLanguageModel(Shape.ToConfig(tokenizer.VocabularySize, null, null, tokenizer.PadId), random);
    }

    static IReadOnlyList<MaskedRow> Rows(params string[] documents)
    {
        var encoder = new TextEncoder(TinyData.WordPieces, Shape.Context);
        return MaskedLm.Rows(
            [.. documents.Select(text => encoder.EncodeDocument(new(new("documents", 1), text)))
                .Select(tokens => new TokenRow(tokens, [.. tokens.Select(_ => true)]))]);
    }
}
