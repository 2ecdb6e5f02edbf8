using System.Text.Json.Nodes;
using Attune.Testing;
using Attune.Torch;

namespace Attune.Models.Tests;

/// <summary>Against numbers worked by hand from the formulas of the papers; the golden checkpoints cover linear and llama3 whole.</summary>
public sealed class RotaryFrequenciesTests
{
    static readonly Tensor Short = Tensor.From([0L, 1, 2], 1, 3);
    static readonly Tensor Long = Tensor.From([0L, 200], 1, 2);

    [Fact]
    public void PlainFrequenciesAreAGeometricSeries() =>
        Compare([1, 0.1, 0.01, 0.001], 1, Read("""{"rope_theta":10000}""").For(Short));

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

    [Theory]
    [InlineData("""{"rope_scaling":{"rope_type":"spiral"}}""", "'spiral' is not known")]
    [InlineData("""{"rope_scaling":{"rope_type":"linear"}}""", "'factor' is missing")]
    [InlineData("""{"rope_scaling":{"rope_type":"longrope","short_factor":[1],"long_factor":[1]}}""", "4 factors were expected")]
    public void AScalingThatCannotBeReadIsRefused(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => Read(json)).Message);

    static RotaryFrequencies Read(string json) => RotaryFrequencies.Read(new(JsonNode.Parse(json)!.AsObject(), "config.json"), width: 8);

    static void Compare(double[] inverse, double factor, (float[] Inverse, double Factor) actual)
    {
        Numeric.Close(inverse, actual.Inverse, "frequencies", 0, 1e-6);
        Numeric.Close(factor, actual.Factor, "attention factor", 0, 1e-9);
    }
}
