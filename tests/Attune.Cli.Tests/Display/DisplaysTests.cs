using Attune.Cli.Display;

namespace Attune.Cli.Tests.Display;

public sealed class DisplaysTests
{
    [Theory]
    [InlineData("", true)]
    [InlineData("TERM=xterm-256color", true)]
    [InlineData("CI=false", true)]
    [InlineData("NO_COLOR=", true)]
    [InlineData("NO_COLOR=1", false)]
    [InlineData("CI=true", false)]
    [InlineData("TERM=dumb", false)]
    public void ATerminalIsPaintedOnUnlessTheEnvironmentAsksForLines(string variable, bool expected)
    {
        Assert.Equal(expected, Displays.WantsLive(isRedirected: false, Environment));
        Assert.False(Displays.WantsLive(isRedirected: true, Environment));

        string? Environment(string name) =>
            variable.StartsWith($"{name}=", StringComparison.Ordinal) ? variable[(name.Length + 1)..] : null;
    }

    [Theory]
    [InlineData(false, null, false)]
    [InlineData(true, null, true)]
    [InlineData(true, "4711", false)]
    public void LogsGoElsewhere_ARedirectedErrorStream_IsAnotherPlaceUnlessALauncherReadsIt(
        bool isRedirected, string? launcher, bool expected) =>
        Assert.Equal(expected, Displays.LogsGoElsewhere(isRedirected, name => name == "ATTUNE_LAUNCHER" ? launcher : null));
}
