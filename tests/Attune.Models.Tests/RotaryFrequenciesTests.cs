using System.Text.Json.Nodes;
using Attune.Models.Families;
using Attune.Testing;
using Attune.Torch;

namespace Attune.Models.Tests;

/// <summary>Compares with values computed by hand from the papers' formulas, for heads with 8 channels.</summary>
public sealed class RotaryFrequenciesTests
{
    static readonly Tensor Short = Tensor.From([0L, 1, 2], 1, 3);
    static readonly Tensor Long = Tensor.From([0L, 200], 1, 2);

    [Fact]
    public void PlainFrequenciesAreAGeometricSeries() =>
        Compare([1, 0.1, 0.01, 0.001], 1, Read("""{"rope_theta":10000}""").For(Short));

    [Fact]
    public void LinearScalingSlowsEveryWave() =>
        Compare([0.25, 0.025, 0.0025, 0.00025], 1, Read("""{"rope_theta":10000,"rope_scaling":{"type":"linear","factor":4}}""").For(Long));

    [Fact]
    public void Llama3ScalingKeepsShortWavesSlowsLongOnesAndMixesThoseBetween()
    {
        // wavelengths 2π · (1, 10, 100, 1000): unchanged up to 64/4, divided by 8 from 64/1 on
        var frequencies = Read("""
            {"rope_theta":10000,"max_position_embeddings":512,
             "rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,
                             "original_max_position_embeddings":64}}
            """);
        var smooth = (64 / (20 * Math.PI) - 1) / 3;
        Compare([1, (1 - smooth) * 0.1 / 8 + smooth * 0.1, 0.01 / 8, 0.001 / 8], 1, frequencies.For(Long));
    }

    [Fact]
    public void APartOfAHeadHasFrequenciesOfItsOwnWidth()
    {
        Compare([1, 0.01], 1, Read("""{"partial_rotary_factor":0.5}""").For(Short));
        Compare([1, 0.01], 1, Read("""{"rope_parameters":{"rope_theta":10000,"partial_rotary_factor":0.5}}""").For(Short));
        // 3 channels are 2 pairs: a part of a pair counts as a pair
        Compare([1, Math.Pow(10000, -2 / 3.0)], 1, Read("""{"partial_rotary_factor":0.4}""").For(Short));
    }

    [Fact]
    public void DynamicScalingStretchesThePeriodOnlyPastTheContext()
    {
        var frequencies = Read("""{"rope_theta":10000,"max_position_embeddings":100,"rope_scaling":{"type":"dynamic","factor":2}}""");
        Compare([1, 0.1, 0.01, 0.001], 1, frequencies.For(Short));
        var theta = 10000 * Math.Pow(2 * 201 / 100.0 - 1, 8 / 6.0);
        Compare([1, Math.Pow(theta, -0.25), Math.Pow(theta, -0.5), Math.Pow(theta, -0.75)], 1, frequencies.For(Long));
    }

    [Fact]
    public void YarnSlowsLongWavesAndKeepsShortOnes()
    {
        // low = floor(8 ln(64/(32·2π)) / (2 ln 10⁴)) = −1 → 0; high = ceil(8 ln(64/2π) / (2 ln 10⁴)) = 2: ramp 0, ½, 1, 1
        var frequencies = Read("""
            {"rope_theta":10000,"max_position_embeddings":256,
             "rope_scaling":{"rope_type":"yarn","factor":4,"original_max_position_embeddings":64}}
            """);
        Compare([1, 0.1 * (0.5 + 0.5 / 4), 0.01 / 4, 0.001 / 4], 0.1 * Math.Log(4) + 1, frequencies.For(Short));
    }

    [Fact]
    public void LongRopeChangesItsFactorsPastTheOriginalContext()
    {
        var frequencies = Read("""
            {"rope_theta":10000,"max_position_embeddings":400,"original_max_position_embeddings":100,
             "rope_scaling":{"rope_type":"longrope","short_factor":[1,1,1,1],"long_factor":[1,2,4,8]}}
            """);
        var factor = Math.Sqrt(1 + Math.Log(4) / Math.Log(100));
        Compare([1, 0.1, 0.01, 0.001], factor, frequencies.For(Short));
        Compare([1, 0.05, 0.0025, 0.000125], factor, frequencies.For(Long));
    }

    [Fact]
    public void LongRopeTakesItsFactorFromTheSettingsElseFromTheContexts()
    {
        const string Factors = "\"rope_type\":\"longrope\",\"short_factor\":[1,1,1,1],\"long_factor\":[1,2,4,8]";
        var own = Read(
            $$$"""{"max_position_embeddings":400,"original_max_position_embeddings":100,"rope_scaling":{{{{Factors}}},"factor":16}}""");
        Compare([1, 0.1, 0.01, 0.001], Math.Sqrt(1 + Math.Log(16) / Math.Log(100)), own.For(Short));
        var given = Read($$$"""
            {"max_position_embeddings":400,"original_max_position_embeddings":100,
             "rope_scaling":{{{{Factors}}},"attention_factor":1.5}}
            """);
        Compare([1, 0.1, 0.01, 0.001], 1.5, given.For(Short));
        var outer = Read($$$"""
            {"max_position_embeddings":400,"original_max_position_embeddings":100,
             "rope_parameters":{{{{Factors}}},"original_max_position_embeddings":300}}
            """);
        Compare([1, 0.05, 0.0025, 0.000125], Math.Sqrt(1 + Math.Log(4) / Math.Log(100)), outer.For(Long));
    }

    [Fact]
    public void YarnReadsItsBoundsAndMagnitudes()
    {
        // low = 8 ln(64/(8·2π)) / (2 ln 10⁴) = 0.1049; high = 8 ln(64/(2·2π)) / (2 ln 10⁴) = 0.7069, neither rounded
        var frequencies = Read("""
            {"rope_theta":10000,"max_position_embeddings":256,
             "rope_parameters":{"rope_type":"yarn","rope_theta":10000,"factor":4,"original_max_position_embeddings":64,
                                "beta_fast":8,"beta_slow":2,"truncate":false,"mscale":0.5,"mscale_all_dim":0.25}}
            """);
        Compare([1, 0.1 / 4, 0.01 / 4, 0.001 / 4], (0.05 * Math.Log(4) + 1) / (0.025 * Math.Log(4) + 1), frequencies.For(Short));
    }

    [Theory]
    [InlineData("""{"partial_rotary_factor":1.5}""", "partial_rotary_factor must be above 0 and at most 1 (was 1.5)")]
    [InlineData("""{"rope_parameters":{"full_attention":{"rope_type":"default"}}}""", "supported for gemma3_text only")]
    [InlineData("""{"rope_scaling":{"rope_type":"spiral"}}""", "'spiral' is not supported")]
    [InlineData("""{"rope_scaling":{"rope_type":"linear"}}""", "'factor' is missing")]
    [InlineData("""{"rope_scaling":{"rope_type":"longrope","short_factor":[1],"long_factor":[1]}}""", "longrope must have 4 factors")]
    public void AScalingThatCannotBeReadIsRefused(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => Read(json)).Message);

    static RotaryFrequencies Read(string json) =>
        RotaryFrequencies.Read(new(JsonNode.Parse(json)!.AsObject(), "config.json"), headWidth: 8);

    static void Compare(double[] inverse, double factor, (float[] Inverse, double Factor) actual)
    {
        Numeric.Close(inverse, actual.Inverse, "frequencies", 0, 1e-6);
        Numeric.Close(factor, actual.Factor, "attention factor", 0, 1e-9);
    }
}
