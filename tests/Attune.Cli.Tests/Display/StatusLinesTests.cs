using Attune.Cli.Display;

namespace Attune.Cli.Tests.Display;

public sealed class StatusLinesTests
{
    static readonly ProgressStatus Ppo = new("ppo", 120, 400, "1.9 steps/s", "ETA 2m27s", "score 1.32, KL 4.1 nats, healthy");

    [Theory]
    [InlineData(120, "ppo  ━━━━━━━━━━━━────────────────────────────  120/400  1.9 steps/s  ETA 2m27s")]
    [InlineData(80, "ppo  ━━━━━━━━━━━━────────────────────────────  120/400  1.9 steps/s  ETA 2m27s")]
    [InlineData(50, "ppo  ━━━────────  120/400  1.9 steps/s  ETA 2m27s")]
    [InlineData(40, "ppo  ━━━━──────────  120/400  ETA 2m27s")]
    [InlineData(30, "━━───────  120/400  ETA 2m27s")]
    [InlineData(20, "120/400  ETA 2m27s")]
    [InlineData(10, "120/400")]
    [InlineData(6, "120/…")]
    [InlineData(1, "…")]
    public void ANarrowTerminalIsToldLess(int width, string expected) => Assert.Equal(expected, Text(Ppo, width)[0]);

    [Fact]
    public void WordsStandBelowAndAreCutToOneLine()
    {
        Assert.Equal("  score 1.32, KL 4.1 nats, healthy", Text(Ppo, 80)[1]);
        Assert.Equal("  score 1.32, KL 4…", Text(Ppo, 20)[1]);
        Assert.Equal("  two lines", Text(Ppo with { Summary = "two\nlines" }, 80)[1]);
        Assert.Single(Text(Ppo with { Summary = "" }, 80));
    }

    [Fact]
    public void NoLineFillsTheWidthOfTheTerminal()
    {
        var wide = Ppo with { Title = "前台 run 🎉", Summary = "前台前台前台前台前台前台前台前台前台前台前台前台" };
        for (var width = 2; width < 120; width++)
            Assert.All(StatusLines.Lay(wide, width, unicode: true), line => Assert.InRange(StatusLines.Width(line), 0, width - 1));
    }

    [Fact]
    public void ATerminalWithoutLineDrawingHasABarOfAscii() =>
        Assert.Equal("ppo  ###--------  120/400  1.9 steps/s  ETA 2m27s", Text(Ppo, 50, unicode: false)[0]);

    [Theory]
    [InlineData(0, 10, "────────")]
    [InlineData(10, 10, "━━━━━━━━")]
    [InlineData(9, 10, "━━━━━━━─")]
    [InlineData(0, 0, "━━━━━━━━")]
    public void TheBarIsFullAtTheLastStepOnly(int step, int total, string expected)
    {
        var status = new ProgressStatus("", step, total, "", "", "");
        Assert.Equal(expected, Text(status, 8 + 2 + status.Count.Length + 1)[0].Split(' ')[0]);
    }

    static string[] Text(ProgressStatus status, int width, bool unicode = true) =>
        [.. StatusLines.Lay(status, width, unicode).Select(line => string.Concat(line.Select(segment => segment.Text)))];
}
