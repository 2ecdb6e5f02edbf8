using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Attune.Studio.Tests.Browser))]

namespace Attune.Studio.Tests;

/// <summary>The installed Chromium, started once for all browser tests.</summary>
public sealed class Browser : IAsyncDisposable
{
    /// <summary>The time limit of a page, in milliseconds; generous, since other tests may run at the same time.</summary>
    internal const int Patience = 60_000;

    readonly Lazy<Task<(IPlaywright Playwright, IBrowser Browser)>> running = new(Launch);

    /// <summary>
    /// A page in a new browser context. Its test fails on a script error or a violation of the content security policy.
    /// </summary>
    public async Task<BrowserPage> Open(Uri address, BrowserNewContextOptions? options = null)
    {
        var context = await (await running.Value).Browser.NewContextAsync(new(options ?? new()) { BaseURL = address.ToString() });
        context.SetDefaultTimeout(Patience);
        return new(await context.NewPageAsync());
    }

    static async Task<(IPlaywright, IBrowser)> Launch()
    {
        var chromium = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .SelectMany(folder => new[] { "chromium", "chromium-browser" }
            .Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException(
                "tests of pages need Chromium, which is not on the PATH; install it by `eng/setup.sh tests`");
        var playwright = await Playwright.CreateAsync();
        return (playwright, await playwright.Chromium.LaunchAsync(new() { ExecutablePath = chromium, Args = ["--no-sandbox"] }));
    }

    public async ValueTask DisposeAsync()
    {
        if (!running.IsValueCreated)
            return;
        var (playwright, browser) = await running.Value;
        await browser.CloseAsync();
        playwright.Dispose();
    }
}

/// <summary>A page of the studio in a browser.</summary>
public sealed class BrowserPage : IAsyncDisposable
{
    readonly List<string> complaints = [];

    public BrowserPage(IPage page)
    {
        Page = page;
        page.PageError += (_, error) => complaints.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error" && !message.Text.Contains("Failed to load resource", StringComparison.Ordinal))
                complaints.Add(message.Text);
        };
    }

    public IPage Page { get; }

    /// <summary>Presses a key once an item is on the screen, as a person does.</summary>
    public async Task Press(string key)
    {
        await Assertions.Expect(Find("#item")).ToBeVisibleAsync(new() { Timeout = Browser.Patience });
        await Page.Keyboard.PressAsync(key);
    }

    public ILocator Find(string selector) => Page.Locator(selector);

    public Task Shows(string selector, string text) => Assertions.Expect(Page.Locator(selector).Filter(new() { Visible = true }))
        .ToContainTextAsync(text, new() { Timeout = Browser.Patience });

    public async ValueTask DisposeAsync()
    {
        await Page.Context.CloseAsync();
        Assert.Empty(complaints);
    }
}
