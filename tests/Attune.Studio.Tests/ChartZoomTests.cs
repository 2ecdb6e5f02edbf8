using Attune.Reporting.Reports;
using Attune.Reporting.Runs;
using Microsoft.Playwright;

namespace Attune.Studio.Tests;

/// <summary>Zooming of charts in a browser: in the studio's pages and in reports.</summary>
public sealed class ChartZoomTests(Browser browser)
{
    const string Chart = "figure:has(h3:text-is('Score'))";

    [Theory]
    [InlineData("/runs/one")]
    [InlineData("/runs/one/report")]
    [InlineData("/runs/compare?run=one&run=other")]
    public async Task Chart_DraggedOver_ShowsThatPartUntilItIsDoubleClicked(string address)
    {
        await using var studio = await Runs();
        await using var page = await browser.Open(studio.Address);
        await page.Page.GotoAsync(address);
        Assert.Equal(["0", "10", "20", "30", "40"], await Steps(page));
        await Drag(page, 0.26f, 0.49f);
        await page.Shows(Chart, "Show all");
        Assert.Equal(["12", "14", "16", "18"], await Steps(page));
        await page.Find($"{Chart} svg.zoom").DblClickAsync();
        await Assertions.Expect(page.Find($"{Chart} .reset-zoom")).ToHaveCountAsync(0);
        Assert.Equal(["0", "10", "20", "30", "40"], await Steps(page));
    }

    [Fact]
    public async Task Chart_Keys_ZoomMoveAndReset()
    {
        await using var studio = await Runs();
        await using var page = await browser.Open(studio.Address);
        await page.Page.GotoAsync("/runs/one");
        await page.Find($"{Chart} svg.zoom").FocusAsync();
        await page.Page.Keyboard.PressAsync("+");
        Assert.Equal(["10", "15", "20", "25", "30"], await Steps(page));
        await page.Page.Keyboard.PressAsync("ArrowRight");
        Assert.Equal(["15", "20", "25", "30", "35"], await Steps(page));
        await page.Page.Keyboard.PressAsync("Escape");
        Assert.Equal(["0", "10", "20", "30", "40"], await Steps(page));
    }

    [Fact]
    public async Task Chart_LogarithmicAxis_IsZoomedWithLogarithmicTicks()
    {
        await using var studio = await Runs();
        await using var page = await browser.Open(studio.Address);
        await page.Page.GotoAsync("/runs/compare?run=one&run=other&log=x");
        await Drag(page, 0, 0.75f);
        Assert.Equal(["1", "2", "5", "10"], await Steps(page));
    }

    [Fact]
    public async Task Chart_FingerOnAPhone_ZoomsAndTwoTapsReset()
    {
        await using var studio = await Runs();
        await using var page = await browser.Open(
            studio.Address, new() { HasTouch = true, IsMobile = true, ViewportSize = new() { Width = 390, Height = 800 } });
        await page.Page.GotoAsync("/runs/compare?run=one&run=other");
        var (x, y, width) = await Plot(page);
        var touch = await page.Page.Context.NewCDPSessionAsync(page.Page);
        await Touch("touchStart", x + width * 0.26f);
        await Touch("touchMove", x + width * 0.4f);
        await Touch("touchMove", x + width * 0.49f);
        await Touch("touchEnd", null);
        await page.Shows(Chart, "Show all");
        Assert.Equal(["12", "14", "16", "18"], await Steps(page));
        for (var tap = 0; tap < 2; tap++)
            await page.Page.Touchscreen.TapAsync(x + width / 2, y);
        await Assertions.Expect(page.Find($"{Chart} .reset-zoom")).ToHaveCountAsync(0);

        Task Touch(string type, float? across) => touch.SendAsync("Input.dispatchTouchEvent", new()
        {
            ["type"] = type,
            ["touchPoints"] = across is { } place ? new object[] { new Dictionary<string, object> { ["x"] = place, ["y"] = y } } : [],
        });
    }

    /// <summary>A studio with two runs of 41 steps, and a report of the first.</summary>
    static async Task<RunningStudio> Runs()
    {
        var studio = await RunningStudio.Start();
        foreach (var name in new[] { "one", "other" })
        {
            var folder = Directory.CreateDirectory(Path.Combine(studio.Folder, "runs", name)).FullName;
            await File.WriteAllTextAsync(Path.Combine(folder, "recipe.yaml"), "method: ppo\n");
            await File.WriteAllLinesAsync(Path.Combine(folder, "metrics.jsonl"),
                Enumerable.Range(0, 41).Select(step => $$"""{"step":{{step}},"objective/scores":{{step}}}"""));
        }
        var run = new RunFolder(Path.Combine(studio.Folder, "runs", "one"));
        RunReport.Write(run, new("ppo"));
        return studio;
    }

    /// <summary>The texts of the x-axis.</summary>
    static Task<string[]> Steps(BrowserPage page) => page.Page.EvaluateAsync<string[]>("""
        chart => [...document.querySelectorAll('figure')].find(figure => figure.querySelector('h3').textContent === 'Score')
          .querySelectorAll('.axes .middle').values().filter(text => text.getClientRects().length > 0)
          .map(text => text.textContent).toArray()
        """);

    static async Task Drag(BrowserPage page, float from, float to)
    {
        var (x, y, width) = await Plot(page);
        await page.Page.Mouse.MoveAsync(x + width * from, y);
        await page.Page.Mouse.DownAsync();
        await page.Page.Mouse.MoveAsync(x + width * to, y, new() { Steps = 4 });
        await page.Page.Mouse.UpAsync();
    }

    /// <summary>The left end, the middle height and the width of the plot on the screen.</summary>
    static async Task<(float X, float Y, float Width)> Plot(BrowserPage page)
    {
        var svg = page.Find($"{Chart} svg.zoom");
        await svg.ScrollIntoViewIfNeededAsync();
        var box = await svg.BoundingBoxAsync();
        var scale = box!.Width / 440;
        return (box.X + 48 * scale, box.Y + box.Height / 2, 342 * scale);
    }
}
