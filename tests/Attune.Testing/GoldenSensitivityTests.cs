namespace Attune.Testing.Tests;

/// <summary>
/// A test of the tests: a golden test fails when a value that it expects is changed by ten times its tolerance. Every project with golden
/// tests compiles this file.
/// </summary>
[Trait("Category", "Golden")]
public sealed class GoldenSensitivityTests
{
    public static TheoryData<string> Tests => [.. GoldenTests.Names(except: typeof(GoldenSensitivityTests))];

    [Theory]
    [MemberData(nameof(Tests))]
    public void GoldenTest_ExpectedChangedByTenTolerances_Fails(string name) =>
        Assert.Empty(GoldenTests.Insensitive(typeof(GoldenSensitivityTests).Assembly, name));
}
