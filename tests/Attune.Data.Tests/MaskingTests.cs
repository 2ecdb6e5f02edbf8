using System.ComponentModel.DataAnnotations;
using Attune.Testing;

namespace Attune.Data.Tests;

public sealed class MaskingTests
{
    const int Mask = 4;
    const int Vocabulary = 600;

    public static TheoryData<string> Rates =>
        [.. Golden.Names("losses", name => name == "mlm")
            .SelectMany(_ => Golden.Json("losses", "mlm.json").GetProperty("cases").EnumerateArray())
            .Select(item => item.GetProperty("name").GetString()!)];

    public static TheoryData<string> GivenDecisions => [.. Golden.Names("losses", name => name == "mlm")];

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Rates))]
    public void TheSharesAreThoseThatWereAskedFor(string name)
    {
        var item = Golden.Json("losses", "mlm.json").GetProperty("cases").EnumerateArray()
            .First(found => found.GetProperty("name").GetString() == name);
        var (hparams, rates) = (item.GetProperty("hparams"), item.GetProperty("expected").GetProperty("rates"));
        var options = new MaskingOptions
        {
            Probability = hparams.GetProperty("mlm_probability").GetDouble(),
            Masked = hparams.GetProperty("mask_replace_prob").GetDouble(),
            Random = hparams.GetProperty("random_replace_prob").GetDouble(),
        };
        var vocabulary = hparams.GetProperty("vocab_size").GetInt32();
        var row = Row([.. Enumerable.Range(0, hparams.GetProperty("eligible_tokens").GetInt32()).Select(i => 5 + i % (vocabulary - 5))]);
        var hidden = new Masking(options, Mask, Specials(vocabulary), []).Mask(row, seed: 7, number: 3);

        double guessed = hidden.TargetCount;
        var masked = row.Tokens.Index().Count(token => hidden.Input.Tokens[token.Index] == Mask);
        var changed = row.Tokens.Index()
            .Count(token => hidden.Input.Tokens[token.Index] is var shown && shown != Mask && shown != token.Item);
        var tolerance = item.GetProperty("tolerance").GetDouble();
        Close("selected", guessed / row.Tokens.Length);
        Close("masked_of_selected", masked / guessed);
        Close("random_of_selected", changed / guessed);
        Close("kept_of_selected", (guessed - masked - changed) / guessed);
        Golden.Ran("losses: mlm");

        void Close(string rate, double found) =>
            Golden.Close(rates.GetProperty(rate).GetDouble(), found, $"{name}: {rate}", new Tolerance(tolerance, 0));
    }

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(GivenDecisions))]
    public void GivenDecisionsAreShownAsTransformersShowsThem(string name)
    {
        var given = Golden.Json("losses", $"{name}.json").GetProperty("given_decisions");
        var inputs = given.GetProperty("inputs");
        var (selected, masked, random) = (Tensor("selected").Bools, Tensor("replace_with_mask").Bools, Tensor("replace_with_random").Bools);
        TokenMasking[] fates = [.. selected.Select((chosen, at) =>
            !chosen ? TokenMasking.NotMasked : masked[at] ? TokenMasking.Mask : random[at] ? TokenMasking.Random : TokenMasking.Unchanged)];
        var row = Row([.. Tensor("input_ids").Longs.Select(id => (int)id)]);
        var hidden = Masking.Apply(row, fates, [.. Tensor("random_words").Longs.Select(id => (int)id)],
            inputs.GetProperty("mask_token_id").GetInt32());

        var expected = given.GetProperty("expected");
        Golden.Equal(GoldenTensor.Read(expected.GetProperty("input_ids")).Longs, hidden.Input.Tokens.Select(id => (long)id), "input_ids");
        Golden.Equal(GoldenTensor.Read(expected.GetProperty("labels")).Longs,
            hidden.Labels.Select((id, at) => hidden.Input.LossMask[at] ? id : -100L), "labels");
        Golden.Ran("losses: mlm");

        GoldenTensor Tensor(string key) => GoldenTensor.Read(inputs.GetProperty(key));
    }

    [Fact]
    public void SpecialTokensAreNeverHidden()
    {
        var all = new Masking(new() { Probability = 1, Masked = 1, Random = 0 }, Mask, Specials(Vocabulary), []);
        var hidden = all.Mask(Row([2, 10, 11, 3, 0]), seed: 1, number: 0);
        Assert.Equal([2, Mask, Mask, 3, 0], hidden.Input.Tokens);
        Assert.Equal([false, true, true, false, false], hidden.Input.LossMask);
    }

    [Fact]
    public void ARowIsHiddenAnewEachTimeAndTheSameAtTheSameTime()
    {
        var masking = new Masking(new(), Mask, Specials(Vocabulary), []);
        var row = Row([.. Enumerable.Range(10, 60)]);
        Assert.Equal(masking.Mask(row, 1, 5).Input.Tokens, masking.Mask(row, 1, 5).Input.Tokens);
        Assert.NotEqual(masking.Mask(row, 1, 5).Input.LossMask, masking.Mask(row, 1, 6).Input.LossMask);
        Assert.NotEqual(masking.Mask(row, 1, 5).Input.LossMask, masking.Mask(row, 2, 5).Input.LossMask);
    }

    [Fact]
    public void ARowNeverHidesNothingUnlessAllOfItIsSpecial()
    {
        var masking = new Masking(new() { Probability = 1e-9 }, Mask, Specials(Vocabulary), []);
        Assert.Equal(1, masking.Mask(Row([2, 10, 11, 3]), 1, 0).TargetCount);
        Assert.Equal(0, masking.Mask(Row([2, 3]), 1, 0).TargetCount);
    }

    [Fact]
    public void WholeWordsAreHiddenWithAllTheirTokens()
    {
        bool[] continues = [.. Enumerable.Range(0, Vocabulary).Select(id => id >= 500)];
        var masking = new Masking(new() { Probability = 0.5, WholeWords = true }, Mask, Specials(Vocabulary), continues);
        int[] tokens = [2, 10, 500, 501, 11, 12, 502, 3, 503, 13];
        (int From, int To)[] words = [(1, 4), (4, 5), (5, 7), (8, 9), (9, 10)];      // a word ends at a special token
        var patterns = new HashSet<string>(StringComparer.Ordinal);
        for (var number = 0; number < 200; number++)
        {
            var learned = masking.Mask(Row(tokens), 1, number).Input.LossMask;
            foreach (var (from, to) in words)
                Assert.Single(learned[from..to].Distinct());
            patterns.Add(string.Concat(words.Select(word => learned[word.From] ? 'x' : '.')));
        }
        Assert.Equal(31, patterns.Count);                                           // every non-empty choice of the five words
    }

    [Theory]
    [InlineData(0, 0.8, 0.1, "Probability")]
    [InlineData(1.5, 0.8, 0.1, "Probability")]
    [InlineData(0.15, 0.8, 0.3, "Random")]
    [InlineData(0.15, -0.1, 0.3, "Masked")]
    public void SharesThatCannotBeAreSaid(double probability, double masked, double random, string option)
    {
        var options = new MaskingOptions { Probability = probability, Masked = masked, Random = random };
        var broken = new List<ValidationResult>();
        Assert.False(Validator.TryValidateObject(options, new(options), broken, validateAllProperties: true));
        Assert.Equal(option, Assert.Single(Assert.Single(broken).MemberNames));
    }

    static TokenRow Row(int[] tokens) => new(tokens, [.. tokens.Select(_ => true)]);

    /// <summary>The first five tokens are special.</summary>
    static bool[] Specials(int vocabulary) => [.. Enumerable.Range(0, vocabulary).Select(id => id < 5)];
}
